/** Runs scenarios on one or two servers and compares what they come to. */
import { setTimeout as pause } from 'node:timers/promises';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import type { Target } from '../target.ts';
import type { Scenario } from './scenario.ts';
import { cronJobScenarios } from './scenarios/cron-jobs.ts';
import { jobScenarios } from './scenarios/jobs.ts';
import { autoscalerScenarios, deploymentScenarios, replicaSetScenarios } from './scenarios/replicas.ts';
import { budgetScenarios, daemonSetScenarios, serviceScenarios, statefulSetScenarios } from './scenarios/sets.ts';
import { differences, type Snapshot, takeSnapshot } from './snapshot.ts';
import { World } from './world.ts';

export const scenarios: readonly Scenario[] = [
  ...jobScenarios,
  ...deploymentScenarios,
  ...replicaSetScenarios,
  ...autoscalerScenarios,
  ...statefulSetScenarios,
  ...daemonSetScenarios,
  ...budgetScenarios,
  ...serviceScenarios,
  ...cronJobScenarios,
];

/** By `scenario/step`. */
export type Snapshots = Record<string, Snapshot>;

export interface WorkloadComparison {
  /** One text a step that differs. */
  readonly differences: readonly string[];
  readonly steps: number;
  /** The real server's. */
  readonly snapshots: Snapshots;
}

export interface WorkloadOptions {
  readonly ours: Target;
  /** Missing: what was recorded counts. */
  readonly real?: Target;
  /** Beginnings of scenario names; none: all. */
  readonly filters?: readonly string[];
}

const file = join(import.meta.dirname, 'recorded', 'snapshots.json.br');
const run = Math.random().toString(36).slice(2, 7).padEnd(5, 'q');
const heartbeatMs = 4000;
const patienceMs = 8000;

export async function compareWorkloads({ ours, real, filters = [] }: WorkloadOptions): Promise<WorkloadComparison> {
  const targets = real === undefined ? [ours] : [ours, real];
  const beat = async (): Promise<void> => {
    await Promise.all(targets.map((target) => new World(target, '').beat()));
  };
  await beat();
  const timer = setInterval(() => void beat().catch(() => undefined), heartbeatMs);
  const snapshots: Snapshots = real === undefined ? readRecorded() : {};
  const found: string[] = [];
  let steps = 0;
  const chosen = scenarios.filter(({ name }) => filters.length === 0 || filters.some((filter) => name.startsWith(filter)));
  const play = async (scenario: Scenario, at: number): Promise<void> => {
    // CronJobs count minutes.
    if (cronJobScenarios.includes(scenario)) await pause(60_000 - (Date.now() % 60_000) + 500);
    const worlds = targets.map((target) => new World(target, `w${run}${String(at)}`));
    await Promise.all(worlds.map((world) => world.open()));
    for (const [place, { name, act, waitMs = 3500 }] of scenario.steps.entries()) {
      await Promise.all(worlds.map(act));
      await pause(waitMs);
      const key = `${scenario.name}/${String(place)} ${name}`;
      const [mine, theirs] = worlds;
      if (theirs !== undefined) snapshots[key] = await settledSnapshot(theirs);
      const lines = mine === undefined ? [] : await untilEqual(mine, snapshots[key]);
      steps += 1;
      if (lines.length > 0) found.push([`${key}`, ...lines].join('\n  '));
    }
    await Promise.all(worlds.map((world) => world.close()));
  };
  await Promise.all(chosen.map(play));
  clearInterval(timer);
  return { differences: found, steps, snapshots };
}

/** What the namespace looks like when nothing has changed in it for a moment. */
async function settledSnapshot(world: World): Promise<Snapshot> {
  let before = await takeSnapshot(world);
  for (const end = performance.now() + 2 * patienceMs; ;) {
    await pause(1500);
    const now = await takeSnapshot(world);
    if (differences(before, now).length === 0 || performance.now() > end) return now;
    before = now;
  }
}

/** A busy machine gets more time; the differences that stay. */
async function untilEqual(world: World, wanted: Snapshot | undefined): Promise<string[]> {
  for (const end = performance.now() + patienceMs; ; await pause(500)) {
    const lines = differences(wanted, await takeSnapshot(world));
    if (lines.length === 0 || performance.now() > end) return lines;
  }
}

function readRecorded(): Snapshots {
  if (!existsSync(file)) return {};
  return JSON.parse(brotliDecompressSync(readFileSync(file)).toString()) as Snapshots;
}

/** Adds to what was recorded. */
export function recordWorkloads(snapshots: Snapshots): void {
  const all = Object.entries({ ...readRecorded(), ...snapshots }).sort(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(file, brotliCompressSync(JSON.stringify(Object.fromEntries(all))));
}
