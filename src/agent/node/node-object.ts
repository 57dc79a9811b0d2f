/** The Node object as this agent wants it; pure. pkg/kubelet/nodestatus. */
import type { Node, NodeCondition, NodeStatus } from '../../api/generated/types.ts';
import type { New } from '../../api/object.ts';
import { rfc3339 } from '../../base/clock.ts';
import type { Image } from '../runtimes/runtime.ts';
import type { Machine } from './machine.ts';

export interface NodeFacts {
  readonly name: string;
  readonly ips: readonly string[];
  readonly hostname: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly machine: Machine;
  /** What pods can have of the machine's capacity. */
  readonly allocatable: Readonly<Record<string, string>>;
  readonly kubeletPort: number;
  readonly images: readonly Image[];
  /** Names of the runtime's handlers, '' for the usual one; none: nobody is told. */
  readonly handlers: readonly string[];
  /** What it runs out of: MemoryPressure, DiskPressure, PIDPressure. */
  readonly pressures: readonly string[];
  /** Why the node cannot take pods; '' when it can. */
  readonly notReady: string;
  /** It is only starting: a node that was ready stays so, its pods have gone on meanwhile. */
  readonly starting: boolean;
}

/** With its status from the first moment: nobody may take it for a node without room. */
export function newNode(facts: NodeFacts, now: number): New<Node> {
  const { architecture, operatingSystem } = facts.machine.info;
  return {
    metadata: {
      name: facts.name,
      labels: {
        'beta.kubernetes.io/arch': architecture,
        'beta.kubernetes.io/os': operatingSystem,
        'kubernetes.io/arch': architecture,
        'kubernetes.io/hostname': facts.hostname,
        'kubernetes.io/os': operatingSystem,
        ...facts.labels,
      },
      annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
    },
    spec: {},
    status: nodeStatus({}, facts, now),
  };
}

/** Words for a pressure that is not there, and for one that is (pkg/kubelet/nodestatus/setters.go). */
const pressureWords: readonly (readonly [string, readonly [string, string], readonly [string, string]])[] = [
  [
    'MemoryPressure',
    ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
    ['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'],
  ],
  ['DiskPressure', ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure'], ['KubeletHasDiskPressure', 'kubelet has disk pressure']],
  [
    'PIDPressure',
    ['KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
    ['KubeletHasInsufficientPID', 'kubelet has insufficient PID available'],
  ],
];

/** What this node can do that an older one may not (component-helpers/nodedeclaredfeatures). */
const declaredFeatures = ['ExtendWebSocketsToKubelet'] as const;

/** Of each handler: the agent itself makes mounts read-only to their depth. */
const handlerFeatures = { recursiveReadOnlyMounts: true, userNamespaces: false } as const;

/** At most so many images are told, the largest first (nodeStatusMaxImages). */
const maxImages = 50;

/** The agent's part of the status over what is there: capacities and conditions of others stay. */
export function nodeStatus(old: NodeStatus, facts: NodeFacts, now: number): NodeStatus {
  const { info } = facts.machine;
  const capacity = { ...old.capacity, ...facts.machine.capacity };
  return {
    ...old,
    capacity,
    // What others say the node has can be had; extended resources that they take away cannot (nodestatus/setters.go, MachineInfo).
    allocatable: {
      ...Object.fromEntries(Object.entries(old.allocatable ?? {}).filter(([name]) => !name.includes('/'))),
      ...capacity,
      ...facts.allocatable,
    },
    conditions: conditions(old.conditions ?? [], facts, now),
    addresses: [...facts.ips.map((address) => ({ type: 'InternalIP', address })), { type: 'Hostname', address: facts.hostname }],
    daemonEndpoints: { kubeletEndpoint: { Port: facts.kubeletPort } },
    nodeInfo: info,
    declaredFeatures: [...declaredFeatures],
    ...(facts.handlers.length === 0 ? {} : { runtimeHandlers: facts.handlers.map((name) => ({ name, features: handlerFeatures })) }),
    images: imageList(facts.images),
  };
}

function imageList(images: readonly Image[]): NodeStatus['images'] {
  return [...images]
    .filter((image) => image.tags.length + image.digests.length > 0)
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, maxImages)
    .map((image) => ({ names: [...image.digests, ...image.tags].slice(0, 5), sizeBytes: image.bytes }));
}

function conditions(old: readonly NodeCondition[], facts: NodeFacts, now: number): NodeCondition[] {
  const time = rfc3339(now);
  const make = (type: string, status: string, words: { reason: string; message: string }): NodeCondition => {
    const before = old.find((condition) => condition.type === type);
    const since = before?.status === status ? (before.lastTransitionTime ?? time) : time;
    return { type, status, lastHeartbeatTime: time, lastTransitionTime: since, ...words };
  };
  const own = pressureWords.map(([type, absent, present]) => {
    const is = facts.pressures.includes(type);
    const [reason, message] = is ? present : absent;
    return make(type, is ? 'True' : 'False', { reason, message });
  });
  const wasReady = old.some((condition) => condition.type === 'Ready' && condition.status === 'True');
  const ready =
    facts.notReady === '' || (facts.starting && wasReady)
      ? make('Ready', 'True', { reason: 'KubeletReady', message: 'kubelet is posting ready status' })
      : make('Ready', 'False', { reason: 'KubeletNotReady', message: facts.notReady });
  const mine = [...own, ready];
  return [...old.filter((condition) => !mine.some((other) => other.type === condition.type)), ...mine];
}

/** Reasons of the events that upstream makes of conditions: when true, when not (kubelet_node_status.go, recordNodeStatusEvent). */
const transitions: Readonly<Record<string, readonly [string, string]>> = {
  MemoryPressure: ['NodeHasInsufficientMemory', 'NodeHasSufficientMemory'],
  DiskPressure: ['NodeHasDiskPressure', 'NodeHasNoDiskPressure'],
  PIDPressure: ['NodeHasInsufficientPID', 'NodeHasSufficientPID'],
  Ready: ['NodeReady', 'NodeNotReady'],
};

/** Reasons of the events that tell how `next` differs from `old`, in the order of the conditions. */
export function transitionEvents(old: NodeStatus, next: NodeStatus): string[] {
  return (next.conditions ?? []).flatMap(({ type, status }) => {
    const reasons = transitions[type];
    const before = old.conditions?.find((condition) => condition.type === type)?.status;
    if (reasons === undefined || before === status) return [];
    return [status === 'True' ? reasons[0] : reasons[1]];
  });
}

/** Whether two statuses differ in more than the time of the heartbeat. */
export function withoutHeartbeats(status: NodeStatus): NodeStatus {
  return { ...status, conditions: (status.conditions ?? []).map(({ lastHeartbeatTime: _time, ...rest }) => rest) };
}
