/**
 * What pods that scheduling cannot tell apart have in common, computed once: pods of one ReplicaSet share a class, and so
 * do the results that depend on class and node alone.
 */
import type { Pod, PodAffinityTerm, PodSpec, Volume, WeightedPodAffinityTerm } from '../api/generated/types.ts';
import { type HostPort, hostPorts, hostPortsClash } from '../api/host-ports.ts';
import type { Labels } from '../api/label-selector.ts';
import { labelMatcher } from '../api/label-selector.ts';
import { selectorWithKeys } from './label-keys.ts';
import type { Resources } from './resources.ts';
import { podRequests, resizedRequests, scoringRequests, toResources } from './resources.ts';

/** An affinity term with its selectors compiled. */
export interface AffinityTerm {
  readonly topologyKey: string;
  /** Whether the term speaks of such pods; their namespace's labels matter when it selects namespaces by label. */
  readonly matches: (pod: PodClass, namespaceLabels: Labels | undefined) => boolean;
  readonly weight: number;
}

/** Compared by identity: see {@link PodClasses}. */
export interface PodClass {
  /** One pod of it; only what all have in common may be looked at. */
  readonly pod: Pod;
  readonly namespace: string;
  readonly labels: Labels;
  /** Being deleted. */
  readonly terminating: boolean;
  readonly requests: Resources;
  /** Requests as counted for scoring. */
  readonly scoring: Resources;
  readonly hostPorts: readonly HostPort[];
  readonly affinity: readonly AffinityTerm[];
  readonly antiAffinity: readonly AffinityTerm[];
  readonly preferredAffinity: readonly AffinityTerm[];
  readonly preferredAntiAffinity: readonly AffinityTerm[];
  readonly hasAffinity: boolean;
  /** Volumes that scheduling looks at. */
  readonly volumes: readonly Volume[];
  /** Names of the claims it uses. */
  readonly claims: readonly string[];
}

/** Volumes that say where a pod can run; the others (tokens, config maps) differ from pod to pod and do not matter. */
const volumeKinds = [
  'persistentVolumeClaim',
  'ephemeral',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'iscsi',
  'rbd',
  'csi',
  'image',
] as const;

function relevantVolumes(spec: PodSpec): readonly Volume[] {
  return spec.volumes?.filter((volume) => volumeKinds.some((kind) => volume[kind] !== undefined)) ?? [];
}

/** Finds the class of a pod. Classes that nobody holds any more are forgotten. */
export class PodClasses {
  readonly #known = new Map<string, WeakRef<PodClass>>();
  #sweepAt = 256;

  of(pod: Pod): PodClass {
    const key = classKey(pod);
    const known = this.#known.get(key)?.deref();
    if (known !== undefined) return known;
    const made = classOf(pod);
    this.#known.set(key, new WeakRef(made));
    if (this.#known.size > this.#sweepAt) this.#sweep();
    return made;
  }

  #sweep(): void {
    for (const [key, reference] of this.#known) if (reference.deref() === undefined) this.#known.delete(key);
    this.#sweepAt = Math.max(256, this.#known.size * 2);
  }
}

/** Equal for pods that scheduling cannot tell apart; their priority is not part of it. */
function classKey(pod: Pod): string {
  const { spec, metadata } = pod;
  const owner = metadata.ownerReferences?.find((reference) => reference.controller === true);
  return JSON.stringify([
    metadata.namespace,
    metadata.labels,
    metadata.deletionTimestamp !== undefined,
    owner?.kind,
    owner?.name,
    spec.nodeSelector,
    spec.affinity,
    spec.tolerations,
    spec.topologySpreadConstraints,
    spec.containers.map(({ image, resources, ports }) => [image, resources, ports]),
    spec.initContainers?.map(({ image, resources, ports, restartPolicy }) => [image, resources, ports, restartPolicy]),
    spec.resources,
    spec.overhead,
    spec.resourceClaims,
    relevantVolumes(spec),
    // Names of claims made for the pod alone contain its name.
    spec.volumes?.some((volume) => volume.ephemeral !== undefined) === true ? metadata.name : undefined,
    wasResized(pod) ? pod.metadata.uid + (pod.metadata.resourceVersion ?? '') : undefined,
  ]);
}

/** Only then may the containers' requests differ from what they have. */
function wasResized({ metadata, spec }: Pod): boolean {
  return (metadata.generation ?? 1) > 1 && (spec.nodeName ?? '') !== '';
}

/** Computes a class; {@link PodClasses.of} finds the one that equal pods share. */
export function classOf(pod: Pod): PodClass {
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
  const required = (terms: readonly PodAffinityTerm[] | undefined): AffinityTerm[] => (terms ?? []).map((term) => compile(pod, term, 0));
  const preferred = (terms: readonly WeightedPodAffinityTerm[] | undefined): AffinityTerm[] =>
    (terms ?? []).map(({ podAffinityTerm, weight }) => compile(pod, podAffinityTerm, weight));
  const requestsOf = wasResized(pod) ? resizedRequests(pod) : undefined;
  const volumes = relevantVolumes(pod.spec);
  return {
    pod,
    namespace: pod.metadata.namespace ?? '',
    labels: pod.metadata.labels ?? {},
    terminating: pod.metadata.deletionTimestamp !== undefined,
    requests: toResources(podRequests(pod, requestsOf)),
    scoring: scoringRequests(pod, requestsOf),
    hostPorts: hostPorts(pod.spec),
    affinity: required(podAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    antiAffinity: required(podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    preferredAffinity: preferred(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
    preferredAntiAffinity: preferred(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
    hasAffinity: podAffinity !== undefined || podAntiAffinity !== undefined,
    volumes,
    claims: volumes.flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []),
  };
}

/** Whether one of these ports is among those. */
export function portsClash(a: readonly HostPort[], b: readonly HostPort[]): boolean {
  return a.some((one) => b.some((other) => hostPortsClash(one, other)));
}

function compile(owner: Pod, term: PodAffinityTerm, weight: number): AffinityTerm {
  const selector = labelMatcher(selectorWithKeys(owner, term));
  const namespaces = new Set(term.namespaces);
  if (namespaces.size === 0 && term.namespaceSelector === undefined) namespaces.add(owner.metadata.namespace ?? '');
  const byNamespace = labelMatcher(term.namespaceSelector);
  return {
    topologyKey: term.topologyKey,
    weight,
    matches: (pod, namespaceLabels) =>
      (namespaces.has(pod.namespace) || (term.namespaceSelector !== undefined && byNamespace(namespaceLabels))) && selector(pod.labels),
  };
}
