/** What may change in a pod that is there. ValidatePodUpdate and its relatives in pkg/apis/core/validation/validation.go. */
import type { Pod, PodSpec } from '../../../api/generated/types.ts';
import { forbiddenField, invalid, path, type FieldError } from '../../../api/field-errors.ts';
import { internalDiff } from '../../../api/internal-form.ts';
import { cloneJson, semanticEqual } from '../../../api/json.ts';
import { qosClass } from '../../shared/pod/qos.ts';
import { validatePod } from '../../shared/pod/validate-pod.ts';

const at = path('spec');
const maxInt32 = 2 ** 31 - 1;
const updatable = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
];

export function validatePodUpdate(pod: Pod, old: Pod): FieldError[] {
  const faults = validatePod(pod);
  for (const field of ['containers', 'initContainers'] as const) {
    if ((pod.spec[field]?.length ?? 0) === (old.spec[field]?.length ?? 0)) continue;
    return [...faults, forbiddenField(at.child(field), 'pod updates may not add or remove containers')];
  }
  const deadline = deadlineErrors(pod.spec, old.spec);
  if (deadline.stop) return [...faults, ...deadline.faults];
  faults.push(...deadline.faults, ...onlyAddedTolerations(pod.spec, old.spec), ...onlyRemovedGates(pod.spec, old.spec));
  if (semanticEqual(pod.spec, old.spec)) return faults;
  const munged = withoutUpdatable(pod.spec, old.spec);
  if ((old.spec.schedulingGates ?? []).length > 0) gatedErrors(munged, old.spec, faults);
  if (!semanticEqual(munged, old.spec)) {
    faults.push(
      forbiddenField(
        at,
        `pod updates may not change fields other than ${updatable.join(',')}\n${internalDiff('core.PodSpec', old.spec, munged)}`,
      ),
    );
  }
  return faults;
}

/** The new spec with everything that may change taken from the old one. */
function withoutUpdatable(spec: PodSpec, old: PodSpec): PodSpec {
  const munged = cloneJson(spec);
  for (const field of ['containers', 'initContainers'] as const) {
    for (const [index, container] of (munged[field] ?? []).entries()) {
      const image = old[field]?.[index]?.image;
      if (image !== undefined) container.image = image;
    }
  }
  for (const field of ['activeDeadlineSeconds', 'schedulingGates', 'tolerations'] as const) {
    delete munged[field];
    if (old[field] !== undefined) Object.assign(munged, { [field]: old[field] });
  }
  const before = old.terminationGracePeriodSeconds;
  if (before !== undefined && before < 0 && munged.terminationGracePeriodSeconds === 1) munged.terminationGracePeriodSeconds = before;
  return munged;
}

function deadlineErrors(spec: PodSpec, old: PodSpec): { faults: FieldError[]; stop: boolean } {
  const field = at.child('activeDeadlineSeconds');
  const [now, before] = [spec.activeDeadlineSeconds, old.activeDeadlineSeconds];
  if (now === undefined) {
    return {
      faults: before === undefined ? [] : [invalid(field, null, 'must not update from a positive integer to nil value')],
      stop: false,
    };
  }
  if (now < 0 || now > maxInt32)
    return { faults: [invalid(field, now, `must be between 0 and ${String(maxInt32)}, inclusive`)], stop: true };
  const raised = before !== undefined && before < now;
  return { faults: raised ? [invalid(field, now, 'must be less than or equal to previous value')] : [], stop: raised };
}

function onlyAddedTolerations(spec: PodSpec, old: PodSpec): FieldError[] {
  const now = spec.tolerations ?? [];
  const timeless = (toleration: object): object => ({ ...toleration, tolerationSeconds: undefined });
  const lost = (old.tolerations ?? []).some((before) => !now.some((toleration) => semanticEqual(timeless(toleration), timeless(before))));
  return lost ? [forbiddenField(at.child('tolerations'), 'existing toleration can not be modified except its tolerationSeconds')] : [];
}

function onlyRemovedGates(spec: PodSpec, old: PodSpec): FieldError[] {
  const before = new Set((old.schedulingGates ?? []).map((gate) => gate.name));
  const added = (spec.schedulingGates ?? []).filter((gate) => !before.has(gate.name)).map((gate) => gate.name);
  return added.length === 0
    ? []
    : [forbiddenField(at.child('schedulingGates'), `only deletion is allowed, but found new scheduling gates '${added.sort().join(',')}'`)];
}

/** A pod that may not be scheduled yet may still be told more closely where to go. */
function gatedErrors(munged: PodSpec, old: PodSpec, faults: FieldError[]): void {
  const before = Object.entries(old.nodeSelector ?? {});
  if (!semanticEqual(munged.nodeSelector, old.nodeSelector)) {
    const kept = before.every(([key, value]) => munged.nodeSelector?.[key] === value);
    if (!kept)
      faults.push(invalid(at.child('nodeSelector'), munged.nodeSelector, 'only additions are allowed (no mutations or deletions)'));
    delete munged.nodeSelector;
    if (old.nodeSelector !== undefined) munged.nodeSelector = old.nodeSelector;
  }
  if (semanticEqual(munged.affinity?.nodeAffinity, old.affinity?.nodeAffinity)) return;
  const affinity = { ...munged.affinity };
  delete affinity.nodeAffinity;
  if (old.affinity?.nodeAffinity !== undefined) affinity.nodeAffinity = old.affinity.nodeAffinity;
  if (Object.keys(affinity).length === 0) delete munged.affinity;
  else munged.affinity = affinity;
}

export function validateEphemeralContainersUpdate(pod: Pod, old: Pod): FieldError[] {
  const field = at.child('ephemeralContainers');
  const faults = validatePod(pod);
  const now = new Map((pod.spec.ephemeralContainers ?? []).map((container) => [container.name, container]));
  for (const before of old.spec.ephemeralContainers ?? []) {
    const container = now.get(before.name);
    if (container === undefined)
      faults.push(forbiddenField(field, `existing ephemeral containers ${JSON.stringify(before.name)} may not be removed\n`));
    else if (!semanticEqual(container, before)) {
      faults.push(
        forbiddenField(
          field,
          `existing ephemeral containers ${JSON.stringify(before.name)} may not be changed\n${internalDiff('core.EphemeralContainer', before, container)}`,
        ),
      );
    }
  }
  return faults;
}

export function validateResize(pod: Pod, old: Pod): FieldError[] {
  const faults = validatePod(pod);
  const frozen = (spec: PodSpec): PodSpec => {
    const copy = cloneJson(spec);
    for (const container of [...copy.containers, ...(copy.initContainers ?? [])]) {
      delete container.resizePolicy;
      for (const amounts of [container.resources?.limits, container.resources?.requests]) {
        delete amounts?.['cpu'];
        delete amounts?.['memory'];
      }
      if (container.resources !== undefined)
        container.resources = Object.fromEntries(Object.entries(container.resources).filter(([, value]) => Object.keys(value).length > 0));
    }
    return copy;
  };
  const [now, before] = [frozen(pod.spec), frozen(old.spec)];
  if (!semanticEqual(now, before))
    faults.push(forbiddenField(at, `only cpu and memory resources are mutable\n${internalDiff('core.PodSpec', before, now)}`));
  if ((old.status.qosClass ?? qosClass(old.spec)) !== qosClass(pod.spec))
    faults.push(invalid(path('spec'), pod.status.qosClass ?? '', 'Pod QOS Class may not change as a result of resizing'));
  return faults;
}
