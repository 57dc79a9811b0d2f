/** What a pod asks for that this node cannot give; pure. The words are those of the kubelet's admission handlers. */
import type { Node, Pod } from '../../api/generated/types.ts';
import type { Rejection } from './admission.ts';

/** The first fault; undefined: there is none. */
export function unsupported(pod: Pod, node: Node, hasAppArmor: boolean): Rejection | undefined {
  return forbiddenSysctl(pod) ?? (hasAppArmor ? undefined : appArmor(pod)) ?? strictGroups(pod, node);
}

/** Each in a namespace of its own, and without effect on other pods (pkg/kubelet/sysctl/safe_sysctls.go). */
const safeSysctls: ReadonlySet<string> = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
]);

/** With dots: `net/ipv4/conf/eth0.1` is `net.ipv4.conf.eth0/1` (component-helpers/node/util/sysctl, NormalizeName). */
export function sysctlName(name: string): string {
  const first = /[./]/.exec(name)?.[0];
  if (first !== '/') return name;
  return name.replace(/[./]/g, (char) => (char === '.' ? '/' : '.'));
}

function forbiddenSysctl({ spec }: Pod): Rejection | undefined {
  for (const { name: written } of spec.securityContext?.sysctls ?? []) {
    const name = sysctlName(written);
    const fault = sysctlFault(name, { hostNetwork: spec.hostNetwork === true, hostIPC: spec.hostIPC === true });
    if (fault !== undefined) return { reason: 'SysctlForbidden', message: `forbidden sysctl: "${name}" ${fault}` };
  }
  return undefined;
}

function sysctlFault(name: string, { hostNetwork, hostIPC }: { hostNetwork: boolean; hostIPC: boolean }): string | undefined {
  if (!safeSysctls.has(name)) return 'not allowlisted';
  if (name.startsWith('net.')) return hostNetwork ? 'not allowed with host net enabled' : undefined;
  return hostIPC ? 'not allowed with host ipc enabled' : undefined;
}

/** Nothing here could enforce a profile (pkg/security/apparmor). */
function appArmor({ spec, metadata, status }: Pod): Rejection | undefined {
  if ((status.phase ?? 'Pending') !== 'Pending') return undefined;
  const containers = [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])];
  const profiles = [spec.securityContext, ...containers.map((container) => container.securityContext)].map(
    (context) => context?.appArmorProfile?.type,
  );
  const annotated = Object.entries(metadata.annotations ?? {}).some(
    ([name, value]) => name.startsWith('container.apparmor.security.beta.kubernetes.io/') && value !== 'unconfined',
  );
  if (!annotated && !profiles.some((type) => type !== undefined && type !== 'Unconfined')) return undefined;
  return { reason: 'AppArmor', message: 'Cannot enforce AppArmor: AppArmor is not enabled on the host' };
}

function strictGroups({ spec }: Pod, { status }: Node): Rejection | undefined {
  if (spec.securityContext?.supplementalGroupsPolicy !== 'Strict' || status.features?.supplementalGroupsPolicy === true) return undefined;
  return {
    reason: 'SupplementalGroupsPolicyNotSupported',
    message: 'SupplementalGroupsPolicy=Strict is not supported in this node',
  };
}
