/** Capabilities as Docker 20.10 knows them, and which of them this machine can give at all. */

/** In the kernel's order (linux/capability.h), up to the last one that Docker 20.10 knows. */
const capabilities = [
  'CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP', 'LINUX_IMMUTABLE',
  'NET_BIND_SERVICE', 'NET_BROADCAST', 'NET_ADMIN', 'NET_RAW', 'IPC_LOCK', 'IPC_OWNER', 'SYS_MODULE', 'SYS_RAWIO', 'SYS_CHROOT',
  'SYS_PTRACE', 'SYS_PACCT', 'SYS_ADMIN', 'SYS_BOOT', 'SYS_NICE', 'SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'MKNOD', 'LEASE',
  'AUDIT_WRITE', 'AUDIT_CONTROL', 'SETFCAP', 'MAC_OVERRIDE', 'MAC_ADMIN', 'SYSLOG', 'WAKE_ALARM', 'BLOCK_SUSPEND', 'AUDIT_READ',
] as const; // prettier-ignore

export interface HostPrivileges {
  /** Whether `--privileged` works: the bounding set is complete. */
  readonly complete: boolean;
  readonly available: readonly string[];
}

/** From the text of /proc/self/status. */
export function hostPrivileges(status: string): HostPrivileges {
  const bounding = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  const available = capabilities.filter((_name, bit) => (bounding & (1n << BigInt(bit))) !== 0n);
  return { complete: available.length === capabilities.length, available };
}

/** CapAdd and CapDrop of a container; `CAP_` prefixes go, and what the machine lacks is left out of ALL. */
export function capabilityLists(add: readonly string[], drop: readonly string[], host: HostPrivileges): { add: string[]; drop: string[] } {
  const plain = (name: string): string => name.toUpperCase().replace(/^CAP_/, '');
  const added = add.map(plain);
  const everything = added.includes('ALL') && !host.complete;
  return { add: everything ? [...host.available] : added, drop: drop.map(plain) };
}
