/** A pod's life as pkg/registry/core/pod/strategy.go of Kubernetes 1.36 has it. */
import { cloneJson, semanticEqual } from '../../../api/json.ts';
import type { FieldError } from '../../../api/field-errors.ts';
import type { Pod, PodSpec } from '../../../api/generated/types.ts';
import { type Clock, rfc3339 } from '../../../base/clock.ts';
import type { Strategy } from '../../../registry/definition.ts';
import { defaultPod } from '../../shared/pod/defaults.ts';
import { dropDisabledPodFields, dropDisabledStatusFields } from '../../shared/pod/disabled-fields.ts';
import { podWarnings } from '../../shared/pod/warnings.ts';
import { qosClass } from '../../shared/pod/qos.ts';
import { validateNewPod } from '../../shared/pod/validate-pod.ts';
import { dns1123LabelFaults } from '../../../api/names.ts';
import { appArmorFromAnnotations, gateCondition, mergeLabelKeys } from './prepare.ts';
import { validateResize } from './validate-resize.ts';
import { podStatusWarnings, validatePodStatus } from './validate-status.ts';
import { validateEphemeralContainersUpdate, validatePodUpdate } from './validate-update.ts';

/** Changes `pod`. */
export function defaultWholePod(pod: Pod): void {
  defaultPod(pod.spec);
  alignPodIPs(pod);
}

export const podStrategy = (clock: Clock): Strategy<Pod> => ({
  default: defaultWholePod,
  prepareForCreate(pod, context) {
    dropDisabledPodFields(pod.spec, undefined);
    pod.metadata.generation = 1;
    pod.status = { phase: 'Pending', qosClass: qosClass(pod.spec) };
    gateCondition(pod, rfc3339(clock.now()));
    mergeLabelKeys(pod);
    appArmorFromAnnotations(pod, (text) => {
      context.warn(text);
    });
  },
  prepareForUpdate(pod, old) {
    dropDisabledPodFields(pod.spec, old.spec);
    pod.status = cloneJson(old.status);
    countGeneration(pod, old);
  },
  prepareForStatusUpdate(pod, old) {
    const { metadata } = pod;
    pod.spec = cloneJson(old.spec);
    delete metadata.deletionTimestamp;
    if (old.metadata.deletionTimestamp !== undefined) metadata.deletionTimestamp = old.metadata.deletionTimestamp;
    if (old.metadata.ownerReferences === undefined) delete metadata.ownerReferences;
    else metadata.ownerReferences = cloneJson(old.metadata.ownerReferences);
    pod.status.qosClass ||= old.status.qosClass ?? '';
    keepObservedGenerations(pod, old);
    dropDisabledStatusFields(pod.status, old.status);
  },
  validate: (pod) => validateNewPod(pod),
  validateUpdate: (pod, old) => validatePodUpdate(pod, old),
  validateStatusUpdate: (pod, old) => validatePodStatus(pod, old),
  statusWarnings: podStatusWarnings,
  warnings(pod, old) {
    if (old !== undefined) return [];
    const faults = dns1123LabelFaults(pod.metadata.name);
    const own = podWarnings(pod);
    if (faults.length === 0) return own;
    return [
      `metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [${faults.join(' ')}]`,
      ...own,
    ];
  },
  gracePeriod(pod, asked) {
    const period = asked ?? pod.spec.terminationGracePeriodSeconds ?? 0;
    const finished = pod.status.phase === 'Failed' || pod.status.phase === 'Succeeded';
    if ((pod.spec.nodeName ?? '') === '' || finished) return 0;
    return period < 0 ? 1 : period;
  },
});

export const ephemeralContainers = {
  name: 'ephemeralcontainers',
  prepareForUpdate(pod: Pod, old: Pod): void {
    keepAllBut(pod, old, { ephemeralContainers: pod.spec.ephemeralContainers });
  },
  validateUpdate: (pod: Pod, old: Pod): FieldError[] => validateEphemeralContainersUpdate(pod, old),
};

export const resize = {
  name: 'resize',
  prepareForUpdate(pod: Pod, old: Pod): void {
    const containers = onlyResources(pod.spec.containers, old.spec.containers);
    const initContainers = onlyResources(pod.spec.initContainers ?? [], old.spec.initContainers ?? []);
    if (containers === undefined || initContainers === undefined) return;
    const { resources } = pod.spec;
    keepAllBut(pod, old, { containers, resources, ...(initContainers.length === 0 ? {} : { initContainers }) });
  },
  validateUpdate: (pod: Pod, old: Pod): FieldError[] => validateResize(pod, old),
};

function keepAllBut(pod: Pod, old: Pod, changed: Partial<{ [Field in keyof PodSpec]: PodSpec[Field] | undefined }>): void {
  const { resourceVersion } = pod.metadata;
  pod.metadata = { ...cloneJson(old.metadata), resourceVersion };
  pod.spec = cloneJson(old.spec);
  for (const [field, value] of Object.entries(changed)) {
    if (value === undefined) delete pod.spec[field as keyof PodSpec];
    else Object.assign(pod.spec, { [field]: value });
  }
  pod.status = cloneJson(old.status);
  countGeneration(pod, old);
}

/** The old containers with the new ones' resources; undefined when containers came, went or moved (validation says so). */
function onlyResources(containers: PodSpec['containers'], old: PodSpec['containers']): PodSpec['containers'] | undefined {
  if (containers.length !== old.length || containers.some((container, index) => container.name !== old[index]?.name)) return undefined;
  return containers.map(({ resources, resizePolicy }, index) => {
    const merged = { ...cloneJson(old[index]), resources, resizePolicy } as PodSpec['containers'][number];
    if (resources === undefined) delete merged.resources;
    if (resizePolicy === undefined) delete merged.resizePolicy;
    return merged;
  });
}

function countGeneration(pod: Pod, old: Pod): void {
  const generation = old.metadata.generation ?? 0;
  pod.metadata.generation = semanticEqual(pod.spec, old.spec) ? generation : generation + 1;
}

/** A writer that leaves observedGeneration out means the one that is there. */
function keepObservedGenerations(pod: Pod, old: Pod): void {
  if (old.status.observedGeneration !== undefined) pod.status.observedGeneration ||= old.status.observedGeneration;
  // of several conditions of one type each means the one at its place
  const left = [...(old.status.conditions ?? [])];
  for (const condition of pod.status.conditions ?? []) {
    const place = left.findIndex(({ type }) => type === condition.type);
    const before = place < 0 ? undefined : left.splice(place, 1)[0]?.observedGeneration;
    if (before !== undefined) condition.observedGeneration ||= before;
  }
}

/** podIP and podIPs[0] are the same thing; podIP wins (pkg/apis/core/v1/conversion.go). */
function alignPodIPs({ status }: Pod): void {
  if (status === undefined) return;
  const first = status.podIPs?.[0]?.ip;
  if ((status.podIP ?? '') === '') {
    if (first !== undefined) status.podIP = first;
  } else if (status.podIP !== first) status.podIPs = [{ ip: status.podIP ?? '' }];
}
