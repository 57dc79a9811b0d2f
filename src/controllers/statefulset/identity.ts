/** Who a pod of a StatefulSet is: its name, ordinal, labels and storage. Pure; statefulset/stateful_set_utils.go. */
import type { ObjectMeta, PersistentVolumeClaim, Pod, PodSpec, PodTemplateSpec, StatefulSet } from '../../api/generated/types.ts';
import type { New } from '../../api/object.ts';
import { refs } from '../../client/refs.ts';
import { revisionLabel } from '../shared/controller-revisions.ts';
import { podFromTemplate } from '../shared/pod-control.ts';

export const podNameLabel = 'statefulset.kubernetes.io/pod-name';
const podIndexLabel = 'apps.kubernetes.io/pod-index';

type ClaimTemplate = PersistentVolumeClaim;

/** `web-3` is the fourth of web; undefined for names that are no StatefulSet's. */
export function parsePodName(name: string): { readonly parent: string; readonly ordinal: number } | undefined {
  const match = /^(.*)-([0-9]+)$/.exec(name);
  const ordinal = Number(match?.[2]);
  return match === null || ordinal > 2 ** 31 - 1 ? undefined : { parent: match[1] ?? '', ordinal };
}

export function ordinalOf(pod: Pod): number {
  return parsePodName(pod.metadata.name)?.ordinal ?? -1;
}

export function isMemberOf(set: StatefulSet, pod: Pod): boolean {
  return parsePodName(pod.metadata.name)?.parent === set.metadata.name;
}

export function replicasOf(set: StatefulSet): number {
  return set.spec.replicas ?? 1;
}

export function firstOrdinal(set: StatefulSet): number {
  return set.spec.ordinals?.start ?? 0;
}

export function isInRange(set: StatefulSet, ordinal: number): boolean {
  const first = firstOrdinal(set);
  return ordinal >= first && ordinal < first + replicasOf(set);
}

export function podName(set: StatefulSet, ordinal: number): string {
  return `${set.metadata.name}-${String(ordinal)}`;
}

export function claimTemplates(set: StatefulSet): readonly ClaimTemplate[] {
  return (set.spec.volumeClaimTemplates ?? []) as readonly ClaimTemplate[];
}

export function claimName(set: StatefulSet, template: ClaimTemplate, ordinal: number): string {
  return `${template.metadata.name}-${set.metadata.name}-${String(ordinal)}`;
}

/** The claims an ordinal needs, made of the set's templates. */
export function claimsFor(set: StatefulSet, ordinal: number): New<PersistentVolumeClaim>[] {
  return claimTemplates(set).map((template) => {
    const { spec, metadata } = template;
    const labels = { ...metadata.labels, ...set.spec.selector.matchLabels };
    const name = claimName(set, template, ordinal);
    return { metadata: { ...metadata, name, namespace: set.metadata.namespace ?? '', labels }, spec };
  });
}

/** Whether the pod's labels and name are those of its ordinal. */
export function identityMatches(set: StatefulSet, pod: Pod): boolean {
  return isMemberOf(set, pod) && pod.metadata.labels?.[podNameLabel] === pod.metadata.name;
}

/** Whether each claim template has its volume in the pod. */
export function storageMatches(set: StatefulSet, pod: Pod): boolean {
  const volumes = new Map((pod.spec.volumes ?? []).map((volume) => [volume.name, volume]));
  return claimTemplates(set).every(
    (template) => volumes.get(template.metadata.name)?.persistentVolumeClaim?.claimName === claimName(set, template, ordinalOf(pod)),
  );
}

export function withIdentity(set: StatefulSet, labels: ObjectMeta['labels'], ordinal: number): Record<string, string> {
  return { ...labels, [podNameLabel]: podName(set, ordinal), [podIndexLabel]: String(ordinal) };
}

/** The pod's volumes with those of the claims in the place of others of the same names. */
export function withStorage(set: StatefulSet, volumes: PodSpec['volumes'], ordinal: number): NonNullable<PodSpec['volumes']> {
  const own = claimTemplates(set).map((template) => ({
    name: template.metadata.name,
    persistentVolumeClaim: { claimName: claimName(set, template, ordinal) },
  }));
  const names = new Set(own.map(({ name }) => name));
  return [...own, ...(volumes ?? []).filter(({ name }) => !names.has(name))];
}

/** What is made for an ordinal: the template of a revision, by the name of that revision. */
export interface Version {
  readonly template: PodTemplateSpec;
  readonly revision: string;
}

export function newPod(set: StatefulSet, { template, revision }: Version, ordinal: number): New<Pod> {
  const pod = podFromTemplate(template, set, refs.statefulSets);
  const name = podName(set, ordinal);
  const { metadata } = pod;
  const labels = { ...withIdentity(set, metadata.labels, ordinal), [revisionLabel]: revision };
  const volumes = withStorage(set, pod.spec.volumes, ordinal);
  return {
    metadata: { ...metadata, name, labels },
    spec: {
      ...pod.spec,
      hostname: name,
      ...((set.spec.serviceName ?? '') === '' ? {} : { subdomain: set.spec.serviceName }),
      ...(volumes.length === 0 ? {} : { volumes }),
    },
  };
}

/** Ordinals below the partition (without one: below what is still current) keep the current revision. */
export function versionFor(set: StatefulSet, ordinal: number, { current, update }: { current: Version; update: Version }): Version {
  const { type, rollingUpdate } = set.spec.updateStrategy ?? {};
  const keeps =
    rollingUpdate === undefined
      ? type === 'RollingUpdate' && ordinal < firstOrdinal(set) + (set.status.currentReplicas ?? 0)
      : ordinal < firstOrdinal(set) + (rollingUpdate.partition ?? 0);
  return keeps ? current : update;
}

export function revisionOf(pod: Pod | undefined): string {
  return pod?.metadata.labels?.[revisionLabel] ?? '';
}
