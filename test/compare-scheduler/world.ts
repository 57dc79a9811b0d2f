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
    ...(dice.chance(0.15) ? { initContainers: [{ ...randomContainer(dice), name: 'init', ports: [] }] } : {}),
    ...(dice.chance(0.3) ? { priorityClassName: dice.pick(['low', 'high', 'shy']) } : {}),
    ...(dice.chance(0.08)
      ? { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: dice.pick(['bound', 'immediate', 'missing', 'lost']) } }] }
      : {}),
  };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app, tier: dice.pick(['x', 'y']) } }, spec };
}

function randomContainer(dice: Dice): Json {
  const requests = {
    ...(dice.chance(0.7) ? { cpu: `${String(50 + 50 * dice.below(20))}m` } : {}),
    ...(dice.chance(0.6) ? { memory: `${String(64 + 64 * dice.below(20))}Mi` } : {}),
    ...(dice.chance(0.08) ? { 'example.com/gpu': '1' } : {}),
  };
  const limits = 'example.com/gpu' in requests ? { 'example.com/gpu': '1' } : {};
  const ports = dice.chance(0.12) ? [{ containerPort: 80, hostPort: 8000 + dice.below(2), protocol: 'TCP' }] : [];
  return { name: 'c', image: dice.pick(['web:1', 'db:2', 'tool:3', 'other:4']), resources: { requests, limits }, ports };
}

const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'];

function nodeTerm(dice: Dice): Json {
  const operator = dice.pick(operators);
  if (operator === 'Gt' || operator === 'Lt') return { matchExpressions: [{ key: 'rank', operator, values: [String(dice.below(10))] }] };
  const values = operator === 'In' || operator === 'NotIn' ? dice.pick([['ssd'], ['ssd', 'hdd'], ['hdd']]) : undefined;
  return { matchExpressions: [{ key: 'disk', operator, ...(values === undefined ? {} : { values }) }] };
}

function podTerm(dice: Dice): Json {
  const spaces = dice.chance(0.2) ? { namespaceSelector: dice.pick<Json>([{}, { matchLabels: { team: 'one' } }]) } : {};
  const topologyKey = dice.pick([hostKey, zoneKey]);
  return { labelSelector: { matchLabels: { app: dice.pick(['a', 'b', 'c']) } }, topologyKey, ...spaces };
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
