/** What a pod asks for that this node cannot give; pure. The words are those of the kubelet's admission handlers. */
import type { Node, Pod } from '../../api/generated/types.ts';
import type { Rejection } from './admission.ts';

export interface NodeAbilities {
  /** The runtime confines containers by AppArmor. */
  readonly appArmor?: boolean;
  /** Names of sysctls beyond the safe ones that pods may set, those with `*` at the end as beginnings. */
  readonly unsafeSysctls?: readonly string[];
}

/** The first fault; undefined: there is none. */
export function unsupported(
  pod: Pod,
  node: Node,
  { appArmor: confines = false, unsafeSysctls = [] }: NodeAbilities,
): Rejection | undefined {
  return forbiddenSysctl(pod, unsafeSysctls) ?? (confines ? undefined : appArmor(pod)) ?? strictGroups(pod, node);
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

function forbiddenSysctl({ spec }: Pod, allowed: readonly string[]): Rejection | undefined {
  for (const { name: written } of spec.securityContext?.sysctls ?? []) {
    const name = sysctlName(written);
    const fault = sysctlFault(name, allowed, { hostNetwork: spec.hostNetwork === true, hostIPC: spec.hostIPC === true });
    if (fault !== undefined) return { reason: 'SysctlForbidden', message: `forbidden sysctl: "${name}" ${fault}` };
  }
  return undefined;
}

interface HostParts {
  readonly hostNetwork: boolean;
  readonly hostIPC: boolean;
}

function sysctlFault(name: string, allowed: readonly string[], { hostNetwork, hostIPC }: HostParts): string | undefined {
  if (!safeSysctls.has(name) && !allowed.some((pattern) => fits(sysctlName(pattern), name))) return 'not allowlisted';
  if (name.startsWith('net.')) return hostNetwork ? 'not allowed with host net enabled' : undefined;
  return hostIPC ? 'not allowed with host ipc enabled' : undefined;
}

function fits(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

/** What is each pod's own; others would be the machine's (component-helpers/node/util/sysctl, GetNamespace). */
const namespaced = /^(kernel\.sem$|kernel\.(shm|msg)|fs\.mqueue\.|net\.)/;

/** Why pods cannot be allowed to set these; undefined: they can (pkg/kubelet/sysctl/allowlist.go, NewAllowlist). */
export function unsafeSysctlFault(pattern: string): string | undefined {
  if (!/^[a-z0-9]([-_a-z0-9]*[a-z0-9])?([./][a-z0-9]([-_a-z0-9]*[a-z0-9])?)*[./]?\*?$/.test(pattern))
    return `sysctl "${pattern}" must have a valid name`;
  if (namespaced.test(sysctlName(pattern).replace('*', ''))) return undefined;
  return pattern.endsWith('*')
    ? `the sysctls "${pattern}" are not known to be namespaced`
    : `the sysctl "${pattern}" is not known to be namespaced`;
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
