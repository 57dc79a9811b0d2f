/** A cluster made of literals, for tests of plugins and decisions. */
import type {
  CSINode,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  StorageClass,
} from '../../api/generated/types.ts';
import { mapMatcher } from '../../api/label-selector.ts';
import { SchedulerCache } from '../cache.ts';
import { defaultProfile, makeProfile, type ProfileConfig } from '../config/profiles.ts';
import { Decider, type Decision, fits } from '../decide.ts';
import { describe } from '../diagnosis.ts';
import type { Cluster } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import { Nominator } from '../nominator.ts';
import { PodClasses } from '../pod-class.ts';
import { podInfo, type PodInfo } from '../pod-info.ts';
import { preempt, type Preemption } from '../preemption.ts';
import type { Profile } from '../profile.ts';
import { PromisedObjects, type VolumeView } from '../volume-view.ts';

interface NodeShape {
  readonly labels?: object;
  readonly spec?: object;
  readonly allocatable?: object;
  readonly images?: readonly object[];
}

export function node(name: string, { labels = {}, spec = {}, allocatable = {}, images = [] }: NodeShape = {}): Node {
  return {
    metadata: {
      name,
      uid: name,
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      labels: { 'kubernetes.io/hostname': name, ...labels },
    },
    spec,
    status: { allocatable: { cpu: '4', memory: '8Gi', pods: '110', ...allocatable }, images },
  } as unknown as Node;
}

interface PodShape {
  readonly namespace?: string;
  readonly labels?: object;
  readonly meta?: object;
  readonly spec?: object;
  readonly cpu?: string;
  readonly memory?: string;
  readonly on?: string;
  readonly status?: object;
}

export function pod(name: string, { namespace = 'shop', labels, meta, spec = {}, cpu, memory, on, status }: PodShape = {}): Pod {
  const requests = { ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) };
  return {
    metadata: { name, namespace, uid: `uid-${name}`, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', labels, ...meta },
    spec: {
      schedulerName: 'default-scheduler',
      containers: [{ name: 'c', image: 'web:1', resources: { requests } }],
      ...(on === undefined ? {} : { nodeName: on }),
      ...spec,
    },
    status: { phase: 'Pending', ...status },
  } as unknown as Pod;
}

export interface World {
  readonly nodes: readonly Node[];
  readonly pods?: readonly Pod[];
  /** Pods that wait for room on a node. */
  readonly nominated?: Readonly<Record<string, readonly Pod[]>>;
  readonly namespaces?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Selectors of Services. */
  readonly services?: readonly Readonly<Record<string, string>>[];
  readonly claims?: readonly PersistentVolumeClaim[];
  readonly volumes?: readonly PersistentVolume[];
  readonly classes?: readonly StorageClass[];
  readonly csiNodes?: readonly CSINode[];
  readonly budgets?: readonly PodDisruptionBudget[];
  readonly profile?: Partial<ProfileConfig>;
}

export interface TestCluster {
  readonly cache: SchedulerCache;
  readonly cluster: Cluster;
  readonly profile: Profile;
  info(pod: Pod): PodInfo;
  decide(pod: Pod, random?: number): Decision;
  /** The reasons of each node's first refusal; '' where the pod fits. */
  refusals(pod: Pod): Record<string, string>;
  /** The text of the refusal, or the node. */
  answer(pod: Pod): string;
  preempt(pod: Pod): Preemption;
}

export function testCluster(world: World): TestCluster {
  const cache = new SchedulerCache();
  const nominator = new Nominator();
  const classes = new PodClasses();
  const info = (each: Pod): PodInfo => podInfo(each, classes);
  for (const each of world.nodes) cache.setNode(each);
  for (const each of world.pods ?? []) cache.setPod(info(each), each.spec.nodeName ?? '');
  for (const [name, pods] of Object.entries(world.nominated ?? {})) for (const each of pods) nominator.add(info(each), name);
  const cluster = clusterOf(world, cache, nominator);
  const profile = makeProfile({ ...defaultProfile, ...world.profile });
  const decider = (random: number): Decider => new Decider({ profile, cluster, turn: { start: 0 }, random: () => random });
  const decide = (each: Pod, random = 0): Decision => decider(random).decide(info(each));
  return {
    ...{ cache, cluster, profile, info, decide },
    refusals: (each) => {
      const filters = decider(0).filtersOf(info(each));
      const said = (one: NodeInfo): string => fits(info(each), one, filters, cluster)?.rejection.reasons.join(', ') ?? '';
      return Object.fromEntries(cluster.nodes.map((one) => [one.name, said(one)]));
    },
    answer: (each) => {
      const decision = decide(each);
      return 'node' in decision ? decision.node.name : describe(decision.unschedulable, '');
    },
    preempt: (each) => {
      const decision = decide(each);
      if ('node' in decision || profile.preemption === undefined) throw new Error(`${each.metadata.name} need not preempt`);
      const { unschedulable, filters } = decision;
      return preempt(info(each), unschedulable, {
        ...{ filters, cluster, settings: profile.preemption, budgets: world.budgets ?? [] },
        ...{ random: () => 0, now: Date.UTC(2026, 0, 2) },
      });
    },
  };
}

function clusterOf(world: World, cache: SchedulerCache, nominator: Nominator): Cluster {
  return {
    get nodes() {
      return cache.nodes;
    },
    get slots() {
      return cache.slots;
    },
    stamps: cache.stamps,
    node: (name) => cache.node(name),
    get podsWithAffinity() {
      return cache.podsWithAffinity;
    },
    images: cache.images,
    isClaimUsed: (namespace, name) => cache.isClaimUsed(namespace, name),
    nominated: (name) => nominator.on(name),
    get hasNominated() {
      return nominator.size > 0;
    },
    namespaceLabels: (name) => world.namespaces?.[name],
    namespaceStamp: 0,
    defaultSelector: ({ metadata }) => {
      const selectors = (world.services ?? []).filter((selector) => mapMatcher(selector)(metadata.labels));
      if (selectors.length === 0) return undefined;
      const merged = Object.assign({}, ...selectors) as Record<string, string>;
      return { id: JSON.stringify(merged), matches: mapMatcher(merged) };
    },
    volumes: volumesOf(world),
  };
}

function volumesOf({ claims = [], volumes = [], classes = [], csiNodes = [] }: World): VolumeView {
  const named = <T extends { metadata: { name: string } }>(all: readonly T[], name: string): T | undefined =>
    all.find(({ metadata }) => metadata.name === name);
  const claim = (key: string): PersistentVolumeClaim | undefined =>
    claims.find(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}` === key);
  const promisedVolumes = new PromisedObjects((name) => named(volumes, name));
  const promisedClaims = new PromisedObjects(claim);
  return {
    claim: (key) => promisedClaims.get(key),
    storedClaim: claim,
    volume: (name) => promisedVolumes.get(name),
    storedVolume: (name) => named(volumes, name),
    volumesOfClass: (name) =>
      volumes.filter(({ spec }) => (spec.storageClassName ?? '') === name).map((one) => promisedVolumes.current(one.metadata.name, one)),
    storageClass: (name) => named(classes, name),
    csiNode: (name) => named(csiNodes, name),
    csiDriver: () => undefined,
    capacities: () => [],
    attachments: () => [],
    promises: {
      volume: (object) => promisedVolumes.set(object),
      claim: (object) => promisedClaims.set(object),
      dropVolume: (name) => promisedVolumes.drop(name),
      dropClaim: (key) => promisedClaims.drop(key),
    },
    writer: {
      updateVolume: (object) => Promise.resolve(object),
      updateClaim: (object) => Promise.resolve(object),
      until: () => Promise.resolve(),
    },
  };
}
