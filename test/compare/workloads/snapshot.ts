/** What a user sees of a namespace's workloads, without what differs from run to run: names the server makes, times, uids. */
import type { CoreV1Event, Pod } from '../../../src/api/generated/types.ts';
import type { KubeObject } from '../../../src/api/object.ts';
import { jsonEqual, stableStringify } from '../../../src/base/json-equal.ts';
import type { World } from './world.ts';

/** Objects by kind, pods as texts with how many there are, events with how often they were told. */
export interface Snapshot {
  readonly objects: Readonly<Record<string, readonly unknown[]>>;
  readonly pods: Readonly<Record<string, number>>;
  readonly events: Readonly<Record<string, number>>;
}

const kinds = ['Job', 'CronJob', 'Deployment', 'ReplicaSet', 'ReplicationController', 'HorizontalPodAutoscaler'];
/** Those that are shown where there are any. */
const rare = [
  'DaemonSet',
  'StatefulSet',
  'ControllerRevision',
  'PersistentVolumeClaim',
  'PodDisruptionBudget',
  'Service',
  'Endpoints',
  'EndpointSlice',
  'ResourceQuota',
];
const repeated = new Set(['FailedCreate', 'FailedBinding', 'UnmanagedPods']);
const revision = (object: KubeObject): number => Number(object.metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 0);

export async function takeSnapshot(world: World): Promise<Snapshot> {
  const lists: Record<string, KubeObject[]> = {};
  for (const kind of kinds) lists[kind] = await world.list<KubeObject>(kind);
  for (const kind of rare) {
    const list = await world.list<KubeObject>(kind);
    if (list.length > 0) lists[kind] = list;
  }
  lists['ReplicaSet']?.sort((a, b) => revision(a) - revision(b));
  const pods = await world.pods();
  const mask = maskOf(world.namespace, lists, pods);
  const masked = (value: unknown): unknown => JSON.parse(mask(JSON.stringify(value))) as unknown;
  const objects = Object.entries(lists).map(([kind, list]) => {
    const outlines = list.map((object) => masked(outline(object)));
    // Their names are chance.
    return [kind, kind === 'EndpointSlice' ? outlines.toSorted(byText) : outlines];
  });
  const events: Record<string, number> = {};
  for (const event of await world.list<CoreV1Event>('Event')) {
    const { kind = '', name = '' } = event.involvedObject;
    if (kind === 'Pod') continue;
    const text = mask(`${event.type ?? ''} ${event.source?.component ?? ''} ${kind}/${name} ${event.reason ?? ''}: ${event.message ?? ''}`);
    // How often these are told depends on the speed of the server and on its rounds.
    events[text] = repeated.has(event.reason ?? '') ? 1 : (events[text] ?? 0) + (event.count ?? 1);
  }
  return {
    objects: Object.fromEntries(objects) as Snapshot['objects'],
    pods: tally(pods.map((pod) => mask(stableStringify(podOutline(pod))))),
    events: Object.fromEntries(Object.entries(events).filter(([text]) => !text.includes('(combined from similar events)'))),
  };
}

function byText(a: unknown, b: unknown): number {
  return stableStringify(a) < stableStringify(b) ? -1 : 1;
}

/** What endpoints and revisions say outside of spec and status. */
function rareParts(object: KubeObject): object | undefined {
  const { endpoints, ports, subsets, addressType, revision: number, data } = object as Record<string, unknown>;
  // Slices are made of a map upstream: their order is chance.
  const sorted = Array.isArray(endpoints) ? endpoints.toSorted(byText) : endpoints;
  const parts = { endpoints: sorted, ports, subsets, addressType, revision: number, data };
  const said = Object.entries(parts).filter(([, value]) => value !== undefined);
  return said.length === 0 ? undefined : { labels: object.metadata.labels, ...Object.fromEntries(said) };
}

function outline(object: KubeObject): unknown {
  const { metadata, spec, status } = object;
  const { name, generation, annotations, finalizers, ownerReferences } = metadata;
  const { replicas } = (spec ?? {}) as { replicas?: number };
  const { conditions = [], ...counts } = (status ?? {}) as { conditions?: readonly { readonly type: string }[] };
  // In which order a Deployment gets its conditions is a race upstream.
  const sorted = conditions.toSorted((a, b) => (a.type < b.type ? -1 : 1));
  return {
    name,
    // How many writes a change of several pods takes is a matter of speed.
    generation: 'endpoints' in object ? undefined : generation,
    annotations,
    finalizers,
    ownerReferences,
    replicas,
    status: { ...counts, conditions: sorted },
    ...(rareParts(object) ?? {}),
  };
}

function podOutline({ metadata, spec, status }: Pod): unknown {
  const { generateName, labels, annotations, finalizers, ownerReferences } = metadata;
  const going = metadata.deletionTimestamp !== undefined;
  return {
    generateName,
    labels,
    annotations,
    finalizers,
    ownerReferences,
    going,
    phase: status.phase,
    hostname: spec.hostname,
    env: spec.containers[0]?.env,
  };
}

function tally(texts: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const text of texts.toSorted()) counts[text] = (counts[text] ?? 0) + 1;
  return counts;
}

/** Template hashes become their place in the history; pods' names lose their suffix. */
function maskOf(namespace: string, lists: Readonly<Record<string, readonly KubeObject[]>>, pods: readonly Pod[]): (text: string) => string {
  const words = new Map<string, string>([[namespace, '<namespace>']]);
  for (const pod of pods) if (pod.metadata.generateName !== undefined) words.set(pod.metadata.name, `${pod.metadata.generateName}<suffix>`);
  for (const set of lists['ReplicaSet'] ?? []) {
    const hash = set.metadata.labels?.['pod-template-hash'];
    if (hash !== undefined && !words.has(hash)) words.set(hash, `<hash ${String(words.size)}>`);
  }
  const hashes = [...words].filter(([, word]) => word.startsWith('<hash')).map(([hash]) => hash);
  hashes.forEach((hash, at) => words.set(hash, `<hash ${String(at)}>`));
  return (text) => {
    let result = text;
    for (const [word, replacement] of words) result = result.replaceAll(word, replacement);
    return (
      result
        .replace(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '<uid>')
        .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/g, '<time>')
        .replace(/\bcj-\d{8}\b/g, 'cj-<minute>')
        .replace(/"resourceVersion":"\d+"/g, '"resourceVersion":"<version>"')
        // Which of the two a roll-out stands at is a race upstream.
        .replace(/"(NewReplicaSetCreated|ReplicaSetUpdated)"/g, '"<under way>"')
        .replace(/"(Created new replica set \\"[^"]*\\"|ReplicaSet \\"[^"]*\\" is progressing\.)"/g, '"<under way>"')
        .replace(/\bd-[bcdf0-9]{8,10}\b/g, 'd-<hash>')
        .replace(/((?:[a-z]|\d|>)-)[bcdfghjklmnpqrstvwxz2456789]{5}\b/g, '$1<suffix>')
    );
  };
}

/** Where two snapshots differ, one line a place. */
export function differences(real: unknown, ours: unknown, at = ''): string[] {
  if (jsonEqual(real, ours)) return [];
  if (isTree(real) && isTree(ours) && Array.isArray(real) === Array.isArray(ours)) {
    const keys = new Set([...Object.keys(real), ...Object.keys(ours)]);
    return [...keys].flatMap((key) => differences(real[key], ours[key], `${at}/${key}`));
  }
  return [`${at}\n    real ${JSON.stringify(real)}\n    ours ${JSON.stringify(ours)}`];
}

function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object';
}
