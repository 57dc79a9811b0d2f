/** ValidateSecurityContext and validatePodSpecSecurityContext. */
import type { PodSpec, SecurityContext } from '../../../api/generated/types.ts';
import { duplicate, invalid, notSupported, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { internalForm } from '../../../api/internal-form.ts';
import { userIdFaults } from '../../../api/names.ts';
import { optionalOneOf } from '../checks.ts';
import { windowsOptionsErrors } from './validate-os.ts';
import { appArmorErrors, seccompErrors } from './validate-profiles.ts';

function ids(at: Path, values: Readonly<Record<string, number | undefined>>, faults: FieldError[]): void {
  for (const [field, value] of Object.entries(values)) {
    if (value !== undefined) for (const fault of userIdFaults(value)) faults.push(invalid(at.child(field), value, fault));
  }
}

interface Surroundings {
  readonly faults: FieldError[];
  /** The pod has a user namespace of its own. */
  readonly ownUsers: boolean;
}

export function securityErrors(context: SecurityContext, at: Path, { faults, ownUsers }: Surroundings): void {
  const {
    allowPrivilegeEscalation,
    capabilities,
    privileged,
    runAsGroup,
    runAsUser,
    seccompProfile,
    procMount,
    windowsOptions,
    appArmorProfile,
  } = context;
  ids(at, { runAsUser, runAsGroup }, faults);
  if (procMount !== undefined && procMount !== 'Default' && procMount !== 'Unmasked')
    faults.push(notSupported(at.child('procMount'), procMount, ['Default', 'Unmasked']));
  if (procMount === 'Unmasked' && !ownUsers)
    faults.push(invalid(at.child('procMount'), procMount, '`hostUsers` must be false to use `Unmasked`'));
  if (seccompProfile !== undefined) faults.push(...seccompErrors(seccompProfile, at.child('seccompProfile')));
  if (allowPrivilegeEscalation === false) {
    const clashing = [...(privileged === true ? ['privileged` to true'] : []), ...adminCapabilities(capabilities?.add ?? [])];
    for (const what of clashing)
      faults.push(
        invalid(at, internalForm('core.SecurityContext', context), `cannot set \`allowPrivilegeEscalation\` to false and \`${what}`),
      );
  }
  if (windowsOptions !== undefined) faults.push(...windowsOptionsErrors(windowsOptions, at.child('windowsOptions')));
  if (appArmorProfile !== undefined) faults.push(...appArmorErrors(appArmorProfile, at.child('appArmorProfile')));
}

const adminCapabilities = (added: readonly string[]): string[] =>
  added.filter((capability) => capability === 'CAP_SYS_ADMIN').map(() => 'capabilities.Add` CAP_SYS_ADMIN');

export function podSecurityErrors(spec: PodSpec, at: Path, faults: FieldError[]): void {
  const own = at.child('securityContext');
  const context = spec.securityContext ?? {};
  const {
    fsGroup,
    runAsUser,
    runAsGroup,
    supplementalGroups = [],
    sysctls = [],
    seccompProfile,
    windowsOptions,
    appArmorProfile,
  } = context;
  ids(own, { fsGroup, runAsUser, runAsGroup }, faults);
  for (const [index, group] of supplementalGroups.entries()) {
    for (const fault of userIdFaults(group)) faults.push(invalid(own.child('supplementalGroups').index(index), group, fault));
  }
  if (spec.shareProcessNamespace === true && spec.hostPID === true)
    faults.push(invalid(own.child('shareProcessNamespace'), true, 'ShareProcessNamespace and HostPID cannot both be enabled'));
  for (const [index, { name }] of sysctls.entries()) {
    const earlier = sysctls.slice(0, index).some((other) => other.name === name);
    faults.push(...sysctlFaults(own.child('sysctls').index(index).child('name'), { name, earlier, spec }));
  }
  faults.push(...oneOfThese(context, 'fsGroupChangePolicy', own));
  if (seccompProfile !== undefined) faults.push(...seccompErrors(seccompProfile, own.child('seccompProfile')));
  if (windowsOptions !== undefined) faults.push(...windowsOptionsErrors(windowsOptions, own.child('windowsOptions')));
  if (appArmorProfile !== undefined) faults.push(...appArmorErrors(appArmorProfile, own.child('appArmorProfile')));
  faults.push(...oneOfThese(context, 'supplementalGroupsPolicy', own), ...oneOfThese(context, 'seLinuxChangePolicy', own));
}

const policies = {
  fsGroupChangePolicy: ['Always', 'OnRootMismatch'],
  supplementalGroupsPolicy: ['Merge', 'Strict'],
  // MountOption comes with a feature that is off in 1.36 (SELinuxMount).
  seLinuxChangePolicy: ['Recursive'],
} as const;

function oneOfThese(context: NonNullable<PodSpec['securityContext']>, field: keyof typeof policies, at: Path): FieldError[] {
  return optionalOneOf(at.child(field), context[field], policies[field]);
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
