/** A container's security settings for the runtime; pure. pkg/kubelet/kuberuntime/security_context*.go. */
import type { Container, Pod, SecurityContext } from '../../api/generated/types.ts';
import { podText } from '../pods/model.ts';
import type { SecurityConfig } from '../runtimes/runtime.ts';
import { ConfigError } from './env.ts';

export interface SecurityInput {
  readonly pod: Pod;
  readonly container: Container;
  /** User of the image: '', a number or a name, perhaps with `:group`. */
  readonly imageUser: string;
  /** Text of a profile by its name below the node's seccomp folder; undefined when it is not there. */
  seccompProfile(name: string): string | undefined;
}

type Effective = Pick<SecurityContext, 'runAsUser' | 'runAsGroup' | 'runAsNonRoot' | 'seccompProfile' | 'appArmorProfile'>;

/** What the container says goes before what the pod says. */
function effective(pod: Pod, container: Container): Effective {
  const [own, shared] = [container.securityContext ?? {}, pod.spec.securityContext ?? {}];
  const pick = <K extends keyof Effective>(name: K): Pick<Effective, K> => ({ [name]: own[name] ?? shared[name] }) as Pick<Effective, K>;
  return { ...pick('runAsUser'), ...pick('runAsGroup'), ...pick('runAsNonRoot'), ...pick('seccompProfile'), ...pick('appArmorProfile') };
}

/** Throws {@link ConfigError} when the container would run as root against the pod's will, an Error when there is no such profile. */
export function securityConfig(input: SecurityInput): SecurityConfig {
  const { pod, container } = input;
  const context = container.securityContext ?? {};
  const rules = effective(pod, container);
  refuseRoot(input, rules);
  const shared = pod.spec.securityContext ?? {};
  const groups = [...(shared.supplementalGroups ?? []), ...(shared.fsGroup === undefined ? [] : [shared.fsGroup])];
  return {
    user: userText(rules, input.imageUser),
    groups: groups.map(String),
    privileged: context.privileged === true,
    addCapabilities: context.capabilities?.add ?? [],
    dropCapabilities: context.capabilities?.drop ?? [],
    readOnlyRoot: context.readOnlyRootFilesystem === true,
    noNewPrivileges: context.allowPrivilegeEscalation === false,
    seccomp: seccompText(input, rules),
    unmaskedProc: context.procMount === 'Unmasked',
    appArmor: appArmorText(rules),
  };
}

function userText({ runAsUser, runAsGroup }: Effective, imageUser: string): string {
  if (runAsUser === undefined && runAsGroup === undefined) return '';
  const user = runAsUser === undefined ? (imageUser.split(':')[0] ?? '') || '0' : String(runAsUser);
  return runAsGroup === undefined ? user : `${user}:${runAsGroup}`;
}

function appArmorText({ appArmorProfile }: Effective): string {
  if (appArmorProfile?.type === 'Unconfined') return 'unconfined';
  return appArmorProfile?.type === 'Localhost' ? (appArmorProfile.localhostProfile ?? '') : '';
}

function seccompText(input: SecurityInput, { seccompProfile }: Effective): string {
  if (seccompProfile === undefined || seccompProfile.type === 'Unconfined') return 'unconfined';
  if (seccompProfile.type === 'RuntimeDefault') return 'default';
  const name = seccompProfile.localhostProfile ?? '';
  const text = input.seccompProfile(name);
  // It is the runtime that upstream finds it missing.
  if (text === undefined) throw new Error(`cannot load seccomp profile "${name}": no such file or directory`);
  return text;
}

/** verifyRunAsNonRoot */
function refuseRoot({ pod, container, imageUser }: SecurityInput, { runAsNonRoot, runAsUser }: Effective): void {
  if (runAsNonRoot !== true) return;
  const place = `(pod: "${podText(pod)}", container: ${container.name})`;
  if (runAsUser !== undefined) {
    if (runAsUser === 0) throw new ConfigError(`container's runAsUser breaks non-root policy ${place}`);
    return;
  }
  const user = imageUser.split(':')[0] ?? '';
  if (user === '' || user === '0') throw new ConfigError(`container has runAsNonRoot and image will run as root ${place}`);
  if (!/^\d+$/.test(user)) {
    throw new ConfigError(`container has runAsNonRoot and image has non-numeric user (${user}), cannot verify user is non-root ${place}`);
  }
}
