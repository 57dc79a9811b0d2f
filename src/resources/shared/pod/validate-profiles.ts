/** Profiles of seccomp and AppArmor, and the annotations that once stood for them. pkg/apis/core/validation/validation.go. */
import type { Pod, PodSpec, SecurityContext } from '../../../api/generated/types.ts';
import { forbiddenField, invalid, notSupported, required, tooLong, type FieldError, type Path } from '../../../api/field-errors.ts';
import { internalForm } from '../../../api/internal-form.ts';
import { containersOf } from './containers.ts';
import { descendingErrors } from './validate-volume-sources.ts';

type Seccomp = NonNullable<SecurityContext['seccompProfile']>;
type AppArmor = NonNullable<SecurityContext['appArmorProfile']>;

const types = ['Localhost', 'RuntimeDefault', 'Unconfined'];
/** PATH_MAX less its end. */
const longestProfile = 4095;

/** validateSeccompProfileField. */
export function seccompErrors(profile: Seccomp, at: Path): FieldError[] {
  const { type, localhostProfile } = profile;
  const [typed, local] = [at.child('type'), at.child('localhostProfile')];
  const faults: FieldError[] = [];
  if (type === '') faults.push(required(typed, 'type is required when seccompProfile is set'));
  else if (!types.includes(type)) faults.push(notSupported(typed, type, types));
  if (type !== 'Localhost') {
    if (localhostProfile === undefined) return faults;
    return [...faults, invalid(local, internalForm('core.SeccompProfile', profile), 'can only be set when seccomp type is Localhost')];
  }
  if (localhostProfile === undefined) return [required(local, 'must be set when seccomp type is Localhost')];
  return descendingErrors(localhostProfile, local);
}

/** ValidateAppArmorProfileField. */
export function appArmorErrors({ type, localhostProfile }: AppArmor, at: Path): FieldError[] {
  const [typed, local] = [at.child('type'), at.child('localhostProfile')];
  if (type === '') return [required(typed, 'type is required when appArmorProfile is set')];
  if (!types.includes(type)) return [notSupported(typed, type, types)];
  if (type !== 'Localhost')
    return localhostProfile === undefined ? [] : [invalid(local, localhostProfile, 'can only be set when AppArmor type is Localhost')];
  const missing = required(local, 'must be set when AppArmor type is Localhost');
  if (localhostProfile === undefined) return [missing];
  const faults: FieldError[] = [];
  if (localhostProfile !== localhostProfile.trim()) faults.push(invalid(local, localhostProfile, 'must not be padded with whitespace'));
  else if (localhostProfile === '') faults.push(missing);
  if (Buffer.byteLength(localhostProfile) > longestProfile) faults.push(tooLong(local, longestProfile));
  return faults;
}

/** What annotations say for the types: prefix, default (one or more names) and none. */
interface Words {
  readonly what: string;
  readonly defaults: readonly string[];
}
const seccompWords: Words = { what: 'seccomp', defaults: ['runtime/default', 'docker/default'] };
const appArmorWords: Words = { what: 'apparmor', defaults: ['runtime/default'] };
const seccompOfPod = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompPrefix = 'container.seccomp.security.alpha.kubernetes.io/';
export const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/';

function mismatch(annotation: string, { type, localhostProfile }: Seccomp, at: Path, { what, defaults }: Words): FieldError[] {
  const typed = forbiddenField(at.child('type'), `${what} type in annotation and field must match`);
  if (type === 'Unconfined') return annotation === 'unconfined' ? [] : [typed];
  if (type === 'RuntimeDefault') return defaults.includes(annotation) ? [] : [typed];
  if (type !== 'Localhost') return [];
  if (!annotation.startsWith('localhost/')) return [typed];
  if (annotation === `localhost/${localhostProfile ?? ''}` && localhostProfile !== undefined) return [];
  return [forbiddenField(at.child('localhostProfile'), `${what} profile in annotation and field must match`)];
}

/** validateSeccompAnnotationsAndFields and validateAppArmorAnnotationsAndFieldsMatchOnCreate: annotation and field say the same. */
export function profileAnnotationErrors({ metadata, spec }: Pod, at: Path): FieldError[] {
  const annotations = metadata.annotations ?? {};
  if (!Object.keys(annotations).some((key) => key.includes('.security.'))) return [];
  const whole = annotations[seccompOfPod];
  const profile = spec.securityContext?.seccompProfile;
  const placed = at.child('securityContext', 'seccompProfile');
  const faults = whole === undefined || profile === undefined ? [] : mismatch(whole, profile, placed, seccompWords);
  for (const [container, own] of containersOf(spec, at)) {
    const [text, seccomp] = [annotations[`${seccompPrefix}${container.name}`], container.securityContext?.seccompProfile];
    if (text === undefined || seccomp === undefined) continue;
    faults.push(...mismatch(text, seccomp, own.child('securityContext', 'seccompProfile'), seccompWords));
  }
  return spec.os?.name === 'windows' ? faults : [...faults, ...appArmorMismatches(spec, annotations, at)];
}

function appArmorMismatches(spec: PodSpec, annotations: Readonly<Record<string, string>>, at: Path): FieldError[] {
  return containersOf(spec, at).flatMap(([container, own]) => {
    const text = annotations[`${appArmorPrefix}${container.name}`];
    const profile = container.securityContext?.appArmorProfile ?? spec.securityContext?.appArmorProfile;
    if (text === undefined || profile === undefined) return [];
    return mismatch(text, profile, own.child('securityContext', 'appArmorProfile'), appArmorWords);
  });
}
