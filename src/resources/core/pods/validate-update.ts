/** What may change in a pod that is there. ValidatePodUpdate and its relatives in pkg/apis/core/validation/validation.go. */
import type { Pod, PodSpec } from '../../../api/generated/types.ts';
import { forbiddenField, invalid, path, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { internalDiff, internalForm } from '../../../api/internal-form.ts';
import { cloneJson, semanticEqual } from '../../../api/json.ts';
import { validatePod } from '../../shared/pod/validate-pod.ts';
import { tolerationErrors } from '../../shared/pod/validate-scheduling.ts';
import { fixedAnnotationErrors, mirror } from './validate-status.ts';

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
  const faults = [...validatePod(pod), ...fixedAnnotationErrors(pod, old)];
  for (const field of ['containers', 'initContainers'] as const) {
    if ((pod.spec[field]?.length ?? 0) !== (old.spec[field]?.length ?? 0))
      return [...faults, forbiddenField(at.child(field), 'pod updates may not add or remove containers')];
    faults.push(...imageErrors(pod.spec[field] ?? [], at.child(field)));
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

/** Said once more than validation of the pod has said it. */
function imageErrors(containers: PodSpec['containers'], field: Path): FieldError[] {
  return containers.flatMap(({ image = '' }, index) => {
    const own = field.index(index).child('image');
    if (image === '') return [required(own)];
    return image === image.trim() ? [] : [invalid(own, image, 'must not have leading or trailing whitespace')];
  });
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
  const field = at.child('tolerations');
  if (lost) return [forbiddenField(field, 'existing toleration can not be modified except its tolerationSeconds')];
  const faults: FieldError[] = [];
  tolerationErrors(now, field, faults);
  return faults;
}

function onlyRemovedGates(spec: PodSpec, old: PodSpec): FieldError[] {
  const before = new Set((old.schedulingGates ?? []).map(({ name }) => name));
  // of two gates of one name the last one counts
  const places = new Map((spec.schedulingGates ?? []).map(({ name }, index) => [name, index]));
  return [...places].flatMap(([name, index]) => {
    const own = at.child('schedulingGates').index(index).child('name');
    return before.has(name) ? [] : [forbiddenField(own, `only deletion is allowed, but found new scheduling gate '${name}'`)];
  });
}

/** A pod that may not be scheduled yet may still be told more closely where to go. */
function gatedErrors(munged: PodSpec, old: PodSpec, faults: FieldError[]): void {
  const before = Object.entries(old.nodeSelector ?? {});
  if (!semanticEqual(munged.nodeSelector, old.nodeSelector)) {
    const kept = before.every(([key, value]) => munged.nodeSelector?.[key] === value);
    if (!kept)
      faults.push(
        invalid(
          at.child('nodeSelector'),
          munged.nodeSelector,
          'only additions to spec.nodeSelector are allowed (no mutations or deletions)',
        ),
      );
    delete munged.nodeSelector;
    if (old.nodeSelector !== undefined) munged.nodeSelector = old.nodeSelector;
  }
  if (semanticEqual(munged.affinity?.nodeAffinity, old.affinity?.nodeAffinity)) return;
  faults.push(...affinityErrors(munged.affinity?.nodeAffinity, old.affinity?.nodeAffinity));
  const affinity = { ...munged.affinity };
  delete affinity.nodeAffinity;
  if (old.affinity?.nodeAffinity !== undefined) affinity.nodeAffinity = old.affinity.nodeAffinity;
  if (Object.keys(affinity).length === 0) delete munged.affinity;
  else munged.affinity = affinity;
}

type NodeAffinity = NonNullable<PodSpec['affinity']>['nodeAffinity'];
type Term = NonNullable<NonNullable<NodeAffinity>['requiredDuringSchedulingIgnoredDuringExecution']>['nodeSelectorTerms'][number];

/** validateNodeAffinityMutation: what is required may be narrowed, term by term. */
function affinityErrors(now: NodeAffinity, old: NodeAffinity): FieldError[] {
  const before = old?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const terms = now?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const field = at.child('affinity', 'nodeAffinity', 'requiredDuringSchedulingIgnoredDuringExecution', 'nodeSelectorTerms');
  const shown = (term: Term): object => internalForm('core.NodeSelectorTerm', term);
  if (before.length === 0) return [];
  if (before.length !== (terms?.length ?? 0))
    return [invalid(field, terms?.map(shown) ?? null, 'no additions/deletions to non-empty NodeSelectorTerms list are allowed')];
  return before.flatMap((term, index) => {
    const narrower = terms?.[index] ?? {};
    const why = 'only additions are allowed (no mutations or deletions)';
    return onlyAdds(narrower, term) ? [] : [invalid(field.index(index), shown(narrower), why)];
  });
}

function onlyAdds(now: Term, old: Term): boolean {
  const lists = (['matchExpressions', 'matchFields'] as const).map((part) => [now[part] ?? [], old[part] ?? []] as const);
  if (lists.every(([, before]) => before.length === 0)) return lists.every(([list]) => list.length === 0);
  return lists.every(([list, before]) => semanticEqual(list.slice(0, before.length), before));
}

export function validateEphemeralContainersUpdate(pod: Pod, old: Pod): FieldError[] {
  const field = at.child('ephemeralContainers');
  if (old.metadata.annotations?.[mirror] !== undefined) return [forbiddenField(path(), 'static pods do not support ephemeral containers')];
  const faults = [...validatePod(pod), ...fixedAnnotationErrors(pod, old)];
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
