/** ValidateSecurityContext and validatePodSpecSecurityContext, the basics. */
import type { PodSpec, SecurityContext } from '../../../api/generated/types.ts';
import { duplicate, invalid, notSupported, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { userIdFaults } from '../../../api/names.ts';

const profiles = ['Localhost', 'RuntimeDefault', 'Unconfined'];

interface Profile {
  readonly type: string;
  readonly localhostProfile?: string;
}

function ids(at: Path, values: Readonly<Record<string, number | undefined>>, faults: FieldError[]): void {
  for (const [field, value] of Object.entries(values)) {
    if (value !== undefined) for (const fault of userIdFaults(value)) faults.push(invalid(at.child(field), value, fault));
  }
}

function profileErrors(profile: Profile, at: Path, faults: FieldError[]): void {
  if (profile.type === '') faults.push(required(at.child('type'), 'type is required when seccompProfile is set'));
  else if (!profiles.includes(profile.type)) faults.push(notSupported(at.child('type'), profile.type, profiles));
  else if (profile.type === 'Localhost' && profile.localhostProfile === undefined) {
    faults.push(required(at.child('localhostProfile'), 'must be set when seccomp type is Localhost'));
  } else if (profile.type !== 'Localhost' && profile.localhostProfile !== undefined) {
    faults.push(invalid(at.child('localhostProfile'), profile.localhostProfile, 'can only be set when seccomp type is Localhost'));
  }
}

export function securityErrors(context: SecurityContext, at: Path, faults: FieldError[]): void {
  const { allowPrivilegeEscalation, capabilities, privileged, runAsGroup, runAsUser, seccompProfile, procMount } = context;
  ids(at, { runAsUser, runAsGroup }, faults);
  if (procMount !== undefined && procMount !== 'Default' && procMount !== 'Unmasked')
    faults.push(notSupported(at.child('procMount'), procMount, ['Default', 'Unmasked']));
  if (seccompProfile !== undefined) profileErrors(seccompProfile, at.child('seccompProfile'), faults);
  if (allowPrivilegeEscalation !== false) return;
  if (privileged === true) faults.push(invalid(at, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'));
  if ((capabilities?.add ?? []).includes('CAP_SYS_ADMIN')) {
    faults.push(invalid(at, context, 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN'));
  }
}

export function podSecurityErrors(spec: PodSpec, at: Path, faults: FieldError[]): void {
  if (spec.shareProcessNamespace === true && spec.hostPID === true) {
    faults.push(invalid(at.child('shareProcessNamespace'), true, 'ShareProcessNamespace and HostPID cannot both be enabled'));
  }
  const context = spec.securityContext;
  if (context === undefined) return;
  const own = at.child('securityContext');
  const { fsGroup, fsGroupChangePolicy, runAsUser, runAsGroup, supplementalGroups = [], sysctls = [], seccompProfile } = context;
  ids(own, { fsGroup, runAsUser, runAsGroup }, faults);
  for (const [index, group] of supplementalGroups.entries()) {
    for (const fault of userIdFaults(group)) faults.push(invalid(own.child('supplementalGroups').index(index), group, fault));
  }
  for (const [index, { name }] of sysctls.entries()) {
    const earlier = sysctls.slice(0, index).some((other) => other.name === name);
    faults.push(...sysctlFaults(own.child('sysctls').index(index).child('name'), { name, earlier, spec }));
  }
  if (fsGroupChangePolicy !== undefined && !['Always', 'OnRootMismatch'].includes(fsGroupChangePolicy)) {
    faults.push(notSupported(own.child('fsGroupChangePolicy'), fsGroupChangePolicy, ['Always', 'OnRootMismatch']));
  }
  if (seccompProfile !== undefined) profileErrors(seccompProfile, own.child('seccompProfile'), faults);
}

/** Texts, not literals: the fault shows the expression as upstream writes it. */
const segment = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const sysctlPattern = `^(${segment}[\\./])*${segment}$`;
const sysctlName = new RegExp(sysctlPattern);
const sysctlLength = 253;

function sysctlFaults(at: Path, { name, earlier, spec }: { name: string; earlier: boolean; spec: PodSpec }): FieldError[] {
  const faults: FieldError[] = [];
  if (name === '') faults.push(required(at));
  else if (name.length > sysctlLength || !sysctlName.test(name))
    faults.push(invalid(at, name, `must have at most ${String(sysctlLength)} characters and match regex ${sysctlPattern}`));
  else if (earlier) faults.push(duplicate(at, name));
  const dotted = name.replaceAll('/', '.');
  if (spec.hostNetwork === true && dotted.startsWith('net.'))
    faults.push(invalid(at, name, "may not be specified when 'hostNetwork' is true"));
  if (spec.hostIPC === true && /^(kernel\.(sem$|shm|msg)|fs\.mqueue\.)/.test(dotted))
    faults.push(invalid(at, name, "may not be specified when 'hostIPC' is true"));
  return faults;
}
