/** Random clusters and pods that make as many plugins as possible have their say. */
import type { Json } from '../compare/case.ts';

/** A random number generator that gives the same numbers for the same seed (mulberry32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** 0 to 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  some<T>(from: readonly T[], probability: number): T[] {
    return from.filter(() => this.chance(probability));
  }
}

const taints = [
  { key: 'dedicated', value: 'gpu', effect: 'NoSchedule' },
  { key: 'spot', value: 'yes', effect: 'PreferNoSchedule' },
  { key: 'broken', effect: 'NoExecute' },
];
const megabyte = 1024 * 1024;
/** The same on every node: else it counts which node the scheduler heard of first. */
const imageSizes = { 'web:1': 60, 'db:2': 700, 'tool:3': 1500 };
const zoneKey = 'topology.kubernetes.io/zone';
const hostKey = 'kubernetes.io/hostname';

export function randomNodes(dice: Dice): Json[] {
  return Array.from({ length: 3 + dice.below(8) }, (_, at): Json => {
    const name = `n${String(at)}`;
    const zone = dice.chance(0.85) ? { [zoneKey]: dice.pick(['a', 'b', 'c']) } : {};
    const disk = dice.chance(0.6) ? { disk: dice.pick(['ssd', 'hdd']) } : {};
    const rank = dice.chance(0.5) ? { rank: String(dice.below(10)) } : {};
    const gpu = dice.chance(0.3) ? { 'example.com/gpu': String(1 + dice.below(3)) } : {};
    const allocatable = {
      cpu: `${String(1000 + 500 * dice.below(7))}m`,
      memory: `${String(2 + dice.below(7))}Gi`,
      pods: String(4 + dice.below(8)),
      'ephemeral-storage': '20Gi',
      ...gpu,
    };
    const images = dice.some(Object.entries(imageSizes), 0.3).map(([image, size]) => ({ names: [image], sizeBytes: size * megabyte }));
    return {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels: { [hostKey]: name, ...zone, ...disk, ...rank } },
      spec: { unschedulable: dice.chance(0.08), taints: dice.some(taints, 0.15) },
      status: { allocatable, capacity: allocatable, images },
    };
  });
}

export function randomPod(dice: Dice, name: string): Json {
  const app = dice.pick(['a', 'b', 'c']);
  const spec: Json = {
    terminationGracePeriodSeconds: 0,
    containers: [randomContainer(dice)],
    ...(dice.chance(0.15) ? { nodeSelector: { disk: dice.pick(['ssd', 'hdd']) } } : {}),
    ...(dice.chance(0.35) ? { affinity: randomAffinity(dice) } : {}),
    ...(dice.chance(0.25) ? { topologySpreadConstraints: randomSpread(dice, app) } : {}),
    tolerations: dice.some(taints, 0.2).map(({ key, effect }) => ({ key, operator: 'Exists', effect })),
    ...(dice.chance(0.2) ? { initContainers: initContainers(dice) } : {}),
    ...(dice.chance(0.1) ? { resources: { requests: { cpu: `${String(2000 + 100 * dice.below(8))}m` } } } : {}),
    ...(dice.chance(0.3) ? { priorityClassName: dice.pick(['low', 'high', 'shy']) } : {}),
    ...(dice.chance(0.12) ? { volumes: [randomVolume(dice)] } : {}),
  };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app, tier: dice.pick(['x', 'y']) } }, spec };
}

/** Claims that the harness has made; those with a number have volumes of a driver that nodes take few of. */
export const claims = ['bound', 'immediate', 'missing', 'lost', 'alone', 'few-0', 'few-1', 'few-2', 'few-3'] as const;

function randomVolume(dice: Dice): Json {
  if (dice.chance(0.2)) return { name: 'v', gcePersistentDisk: { pdName: dice.pick(['one', 'two']), readOnly: dice.chance(0.5) } };
  return { name: 'v', persistentVolumeClaim: { claimName: dice.pick(claims) } };
}

/** Some of them sidecars. */
function initContainers(dice: Dice): Json[] {
  const sidecar = { ...randomContainer(dice), name: 'sidecar', restartPolicy: 'Always', ports: [] };
  const init = { ...randomContainer(dice), name: 'init', ports: [] };
  return dice.pick([[init], [sidecar], [init, sidecar], [sidecar, init]]);
}

/** Budgets for pods by label, with what they allow at the moment. */
export function randomBudgets(dice: Dice): Json[] {
  return dice.some(['a', 'b', 'c'], 0.4).map((app): Json => {
    const selector = dice.chance(0.8) ? { matchLabels: { app } } : { matchExpressions: [{ key: 'tier', operator: 'In', values: ['x'] }] };
    return {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: `budget-${app}` },
      spec: { selector, minAvailable: 1 },
      status: { disruptionsAllowed: dice.below(3), currentHealthy: 3, desiredHealthy: 1, expectedPods: 3, observedGeneration: 1 },
    };
  });
}

function randomContainer(dice: Dice): Json {
  const requests = {
    ...(dice.chance(0.7) ? { cpu: `${String(50 + 50 * dice.below(20))}m` } : {}),
    ...(dice.chance(0.6) ? { memory: `${String(64 + 64 * dice.below(20))}Mi` } : {}),
    ...(dice.chance(0.08) ? { 'example.com/gpu': '1' } : {}),
    ...(dice.chance(0.1) ? { 'ephemeral-storage': `${String(2 + dice.below(12))}Gi` } : {}),
  };
  const limits = 'example.com/gpu' in requests ? { 'example.com/gpu': '1' } : {};
  const hostIP = dice.chance(0.3) ? { hostIP: dice.pick(['127.0.0.1', '127.0.0.2', '0.0.0.0']) } : {};
  const port = { containerPort: 80, hostPort: 8000 + dice.below(2), protocol: dice.chance(0.8) ? 'TCP' : 'UDP', ...hostIP };
  const ports = dice.chance(0.12) ? [port] : [];
  return { name: 'c', image: dice.pick(['web:1', 'db:2', 'tool:3', 'other:4']), resources: { requests, limits }, ports };
}

const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'];

function nodeTerm(dice: Dice): Json {
  if (dice.chance(0.1))
    return { matchFields: [{ key: 'metadata.name', operator: dice.pick(['In', 'NotIn']), values: [`n${String(dice.below(5))}`] }] };
  const operator = dice.pick(operators);
  if (operator === 'Gt' || operator === 'Lt') return { matchExpressions: [{ key: 'rank', operator, values: [String(dice.below(10))] }] };
  const values = operator === 'In' || operator === 'NotIn' ? dice.pick([['ssd'], ['ssd', 'hdd'], ['hdd']]) : undefined;
  return { matchExpressions: [{ key: 'disk', operator, ...(values === undefined ? {} : { values }) }] };
}

function podTerm(dice: Dice): Json {
  const spaces = dice.chance(0.2) ? { namespaceSelector: dice.pick<Json>([{}, { matchLabels: { team: 'one' } }]) } : {};
  const named = dice.chance(0.1) ? { namespaces: dice.pick([['one'], ['two'], ['one', 'two']]) } : {};
  const keys = dice.chance(0.15) ? { [dice.pick(['matchLabelKeys', 'mismatchLabelKeys'])]: ['tier'] } : {};
  const topologyKey = dice.pick([hostKey, zoneKey]);
  return { labelSelector: { matchLabels: { app: dice.pick(['a', 'b', 'c']) } }, topologyKey, ...spaces, ...named, ...keys };
}

function randomAffinity(dice: Dice): Json {
  const weight = (): number => 1 + dice.below(100);
  const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';
  const required = 'requiredDuringSchedulingIgnoredDuringExecution';
  return {
    ...(dice.chance(0.4)
      ? {
          nodeAffinity: {
            ...(dice.chance(0.5)
              ? { [required]: { nodeSelectorTerms: dice.chance(0.3) ? [nodeTerm(dice), nodeTerm(dice)] : [nodeTerm(dice)] } }
              : {}),
            ...(dice.chance(0.5) ? { [preferred]: [{ weight: weight(), preference: nodeTerm(dice) }] } : {}),
          },
        }
      : {}),
    ...(dice.chance(0.4)
      ? {
          podAffinity: {
            ...(dice.chance(0.5) ? { [required]: [podTerm(dice)] } : {}),
            ...(dice.chance(0.6) ? { [preferred]: [{ weight: weight(), podAffinityTerm: podTerm(dice) }] } : {}),
          },
        }
      : {}),
    ...(dice.chance(0.5)
      ? {
          podAntiAffinity: {
            ...(dice.chance(0.5) ? { [required]: [podTerm(dice)] } : {}),
            ...(dice.chance(0.6) ? { [preferred]: [{ weight: weight(), podAffinityTerm: podTerm(dice) }] } : {}),
          },
        }
      : {}),
  };
}

function randomSpread(dice: Dice, app: string): Json[] {
  const one = (topologyKey: string): Json => {
    const hard = dice.chance(0.6);
    return {
      maxSkew: 1 + dice.below(2),
      topologyKey,
      whenUnsatisfiable: hard ? 'DoNotSchedule' : 'ScheduleAnyway',
      labelSelector: { matchLabels: { app: dice.chance(0.8) ? app : 'c' } },
      ...(hard && dice.chance(0.2) ? { minDomains: 1 + dice.below(4) } : {}),
      ...(dice.chance(0.2) ? { nodeAffinityPolicy: dice.pick(['Honor', 'Ignore']) } : {}),
      ...(dice.chance(0.2) ? { nodeTaintsPolicy: dice.pick(['Honor', 'Ignore']) } : {}),
      ...(dice.chance(0.2) ? { matchLabelKeys: ['tier'] } : {}),
    };
  };
  return dice.chance(0.3) ? [one(hostKey), one(zoneKey)] : [one(dice.pick([hostKey, zoneKey]))];
}
