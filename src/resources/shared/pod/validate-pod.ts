import type { Pod } from '../../../api/generated/types.ts';
import { forbiddenField, invalid, path, type FieldError } from '../../../api/field-errors.ts';
import { onlyForPods, validatePodSpec } from './validate-spec.ts';

const at = path('spec');

/** A pod's spec in full; metadata is the engine's. */
export function validatePod(pod: Pod): FieldError[] {
  return [...seccompAnnotationErrors(pod.metadata.annotations ?? {}), ...validatePodSpec(pod.spec, at), ...onlyForPods(pod.spec, at)];
}

const seccompPrefix = 'container.seccomp.security.alpha.kubernetes.io/';
const seccompProfiles = ['runtime/default', 'docker/default', 'unconfined'];

/** ValidateSeccompPodAnnotations: what is long without effect must still be right. */
function seccompAnnotationErrors(annotations: Readonly<Record<string, string>>): FieldError[] {
  return Object.entries(annotations).flatMap(([key, profile]) => {
    if (key !== 'seccomp.security.alpha.kubernetes.io/pod' && !key.startsWith(seccompPrefix)) return [];
    const own = path('metadata', 'annotations').child(key);
    if (seccompProfiles.includes(profile)) return [];
    if (!profile.startsWith('localhost/')) return [invalid(own, profile, 'must be a valid seccomp profile')];
    const local = profile.slice('localhost/'.length);
    return [
      ...(local.startsWith('/') ? [invalid(own, local, 'must be a relative path')] : []),
      ...(local.split('/').includes('..') ? [invalid(own, local, "must not contain '..'")] : []),
    ];
  });
}

/** ValidatePodCreate. */
export function validateNewPod(pod: Pod): FieldError[] {
  const faults = validatePod(pod);
  if ((pod.spec.ephemeralContainers ?? []).length > 0)
    faults.push(forbiddenField(at.child('ephemeralContainers'), 'cannot be set on create'));
  return faults;
}
