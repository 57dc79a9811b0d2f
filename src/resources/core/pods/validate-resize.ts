/** What may change when a pod is resized in place. ValidatePodResize of pkg/apis/core/validation/validation.go. */
import type { Container, Pod, PodSpec } from '../../../api/generated/types.ts';
import { forbiddenField, invalid, path, type FieldError, type Path } from '../../../api/field-errors.ts';
import { cloneJson, semanticEqual } from '../../../api/json.ts';
import { qosClass } from '../../shared/pod/qos.ts';
import { validatePod } from '../../shared/pod/validate-pod.ts';

type Requirements = NonNullable<Container['resources']>;

const at = path('spec');
/** As upstream shows a path of no name. */
const nowhere = path().key('');
const mirror = 'kubernetes.io/config.mirror';

export function validateResize(pod: Pod, old: Pod): FieldError[] {
  const faults = validatePod(pod);
  if (old.metadata.annotations?.[mirror] !== undefined) return [forbiddenField(nowhere, 'static pods cannot be resized')];
  if (old.spec.os?.name === 'windows') return [forbiddenField(nowhere, 'windows pods cannot be resized')];
  if ((old.status.qosClass ?? qosClass(old.spec)) !== qosClass(pod.spec))
    faults.push(invalid(at, pod.status.qosClass ?? '', 'Pod QOS Class may not change as a result of resizing'));
  const running = old.status.containerStatuses?.find(({ state }) => state?.running !== undefined);
  if (running !== undefined && running.resources === undefined)
    faults.push(forbiddenField(at, 'Pod running on node without support for resize'));
  const changed = cloneJson(pod.spec);
  faults.push(...podLevelErrors(changed, old.spec));
  const moved = orderErrors(pod.spec, old.spec);
  if (moved.length > 0) return [...faults, ...moved];
  faults.push(...removalErrors(pod.spec, old.spec, 'initContainers'), ...removalErrors(pod.spec, old.spec, 'containers'));
  faults.push(...containerErrors(changed, old.spec), ...initContainerErrors(changed, old.spec));
  if (faults.length === 0 && !semanticEqual(changed, old.spec))
    faults.push(forbiddenField(at, 'only cpu and memory resources are mutable'));
  return faults;
}

/** What the pod asks for as a whole. In `spec` what may change is made as it was. */
function podLevelErrors(spec: PodSpec, { resources: old }: PodSpec): FieldError[] {
  const own = at.child('resources');
  const { resources } = spec;
  if (resources === undefined) return old === undefined ? [] : [forbiddenField(own, 'pod-level resources cannot be removed')];
  const faults: FieldError[] = [];
  if (removed(resources.requests, old?.requests))
    faults.push(forbiddenField(own.child('requests'), 'pod-level resource requests cannot be removed'));
  if (removed(resources.limits, old?.limits))
    faults.push(forbiddenField(own.child('limits'), 'pod-level resource limits cannot be removed'));
  const restored = { ...resources, ...withOldSizes(resources, old) };
  if (old === undefined && semanticEqual(restored, {})) delete spec.resources;
  else spec.resources = restored;
  if (!semanticEqual(spec.resources, old)) faults.push(forbiddenField(at, 'only cpu and memory resources are mutable at pod-level'));
  return faults;
}

function orderErrors(spec: PodSpec, old: PodSpec): FieldError[] {
  return (['containers', 'initContainers'] as const).flatMap((field) => {
    const [now, before] = [spec[field] ?? [], old[field] ?? []];
    if (now.length !== before.length) return [forbiddenField(at.child(field), `${field} may not be added or removed on resize`)];
    return before.flatMap(({ name }, index) =>
      now[index]?.name === name
        ? []
        : [forbiddenField(at.child(field).index(index).child('name'), `${field} may not be renamed or reordered on resize`)],
    );
  });
}

function removalErrors(spec: PodSpec, old: PodSpec, field: 'containers' | 'initContainers'): FieldError[] {
  return (old[field] ?? []).flatMap(({ resources: before }, index) => {
    const own = at.child(field).index(index).child('resources');
    const now = spec[field]?.[index]?.resources;
    return [
      ...(removed(now?.requests, before?.requests) ? [forbiddenField(own.child('requests'), 'resource requests cannot be removed')] : []),
      ...(removed(now?.limits, before?.limits) ? [forbiddenField(own.child('limits'), 'resource limits cannot be removed')] : []),
    ];
  });
}

function containerErrors(spec: PodSpec, old: PodSpec): FieldError[] {
  return spec.containers.flatMap((container, index) => {
    restoreSizes(container, old.containers[index]);
    return semanticEqual(container, old.containers[index]) ? [] : [forbiddenField(at, 'only cpu and memory resources are mutable')];
  });
}

function initContainerErrors(spec: PodSpec, old: PodSpec): FieldError[] {
  return (spec.initContainers ?? []).flatMap((container, index) => {
    const [own, before] = [at.child('initContainers').index(index), old.initContainers?.[index]];
    const modified = !semanticEqual(container, before);
    restoreSizes(container, before);
    const faults = semanticEqual(container, before)
      ? []
      : [forbiddenField(own, 'only cpu and memory resources for init or sidecar containers are mutable')];
    return modified && container.restartPolicy !== 'Always' ? [...faults, ...restartErrors(container, own)] : faults;
  });
}

function restartErrors({ resizePolicy = [] }: Container, own: Path): FieldError[] {
  const why = 'non-sidecar init containers with a resize policy of RestartContainer cannot be resized';
  return resizePolicy.filter(({ restartPolicy }) => restartPolicy === 'RestartContainer').map(() => forbiddenField(own, why));
}

/** Changes `container`. */
function restoreSizes(container: Container, old: Container | undefined): void {
  const { claims: _claims, limits: _limits, requests: _requests, ...others } = container.resources ?? {};
  const resources = { ...others, ...withOldSizes(container.resources ?? {}, old?.resources) };
  if (Object.keys(resources).length === 0 && old?.resources === undefined) delete container.resources;
  else container.resources = resources;
}

function withOldSizes(now: Requirements, old: Requirements | undefined): Requirements {
  return Object.fromEntries(
    (['limits', 'requests'] as const).flatMap((part) => {
      const { cpu: _cpu, memory: _memory, ...others } = now[part] ?? {};
      const { cpu, memory } = old?.[part] ?? {};
      const amounts = { ...others, ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) };
      return Object.keys(amounts).length === 0 && old?.[part] === undefined ? [] : [[part, amounts]];
    }),
  );
}

const removed = (now: object | undefined, old: object | undefined): boolean =>
  Object.keys(old ?? {}).some((name) => !Object.hasOwn(now ?? {}, name));
