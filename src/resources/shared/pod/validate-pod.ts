import type { Pod, PodSpec } from '../../../api/generated/types.ts';
import { forbiddenField, invalid, path, type FieldError } from '../../../api/field-errors.ts';
import { goQuoted } from '../../../api/go-text.ts';
import { annotatedTolerationErrors } from './annotated-tolerations.ts';
import { appArmorPrefix, profileAnnotationErrors } from './validate-profiles.ts';
import { containersOf } from './containers.ts';
import { onlyForPods, validatePodSpec } from './validate-spec.ts';

const at = path('spec');

/** A pod's spec in full; metadata is the engine's. */
export function validatePod(pod: Pod): FieldError[] {
  return [...annotationsErrors(pod), ...validatePodSpec(pod.spec, at, pod.metadata.name), ...onlyForPods(pod.spec, at)];
}

const annotationsAt = path('metadata', 'annotations');
const mirror = 'kubernetes.io/config.mirror';
const deletionCost = 'controller.kubernetes.io/pod-deletion-cost';

/** ValidatePodSpecificAnnotations. */
export function annotationsErrors({ metadata: { annotations }, spec }: Pod): FieldError[] {
  if (annotations === undefined) return [];
  const [mirrored, cost] = [annotations[mirror], annotations[deletionCost]];
  const faults: FieldError[] = [];
  if (mirrored !== undefined && (spec.nodeName ?? '') === '')
    faults.push(invalid(annotationsAt.key(mirror), mirrored, 'must set spec.nodeName if mirror pod annotation is set'));
  faults.push(...annotatedTolerationErrors(annotations, annotationsAt));
  if (cost !== undefined && !isDeletionCost(cost)) faults.push(invalid(annotationsAt.key(deletionCost), cost, 'must be a 32bit integer'));
  return [...faults, ...seccompAnnotationErrors(annotations), ...appArmorAnnotationErrors(annotations, spec)];
}

/** ValidateAppArmorPodAnnotations. */
function appArmorAnnotationErrors(annotations: Readonly<Record<string, string>>, spec: PodSpec): FieldError[] {
  return Object.entries(annotations).flatMap(([key, profile]) => {
    if (!key.startsWith(appArmorPrefix)) return [];
    const name = key.slice(appArmorPrefix.length);
    const own = annotationsAt.key(key);
    const known = containersOf(spec, at).some(([container]) => container.name === name);
    const formed = ['', 'runtime/default', 'unconfined'].includes(profile) || profile.startsWith('localhost/');
    return [
      ...(known ? [] : [invalid(own, name, 'container not found')]),
      ...(formed ? [] : [invalid(own, profile, `invalid AppArmor profile name: ${goQuoted(profile)}`)]),
    ];
  });
}

/** As upstream reads it: no plus sign, no leading zeros. */
function isDeletionCost(text: string): boolean {
  return /^(0|[1-9]\d*|-\d+)$/.test(text) && Number(text) >= -(2 ** 31) && Number(text) < 2 ** 31;
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
  if ((pod.spec.schedulingGates ?? []).length > 0 && (pod.spec.nodeName ?? '') !== '')
    faults.push(forbiddenField(at.child('nodeName'), 'cannot be set until all schedulingGates have been cleared'));
  faults.push(...profileAnnotationErrors(pod, at));
  return faults;
}
