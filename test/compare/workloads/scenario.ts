/** What a scenario is: steps that both servers get alike, each followed by a look at what became of it. */
import type { Pod, PodStatus } from '../../../src/api/generated/types.ts';
import type { World } from './world.ts';

export interface ScenarioStep {
  readonly name: string;
  readonly act: (world: World) => Promise<void>;
  /** How long the controllers get, in ms. Default 3500. */
  readonly waitMs?: number;
}

export interface Scenario {
  readonly name: string;
  readonly steps: readonly ScenarioStep[];
}

export function scenario(name: string, ...steps: readonly ScenarioStep[]): Scenario {
  return { name, steps };
}

export function step(name: string, act: ScenarioStep['act'], waitMs?: number): ScenarioStep {
  return { name, act, ...(waitMs === undefined ? {} : { waitMs }) };
}

export function wait(name: string, waitMs: number): ScenarioStep {
  return { name, act: () => Promise.resolve(), waitMs };
}

export type Choose = (pod: Pod, at: number) => boolean;
export const every: Choose = () => true;
export const nth =
  (place: number): Choose =>
  (_, at) =>
    at === place;
export const withIndex =
  (index: number): Choose =>
  (pod) =>
    pod.metadata.annotations?.['batch.kubernetes.io/job-completion-index'] === String(index);

/** Does something to the living pods chosen. */
export function withPods(choose: Choose, act: (world: World, pod: Pod) => Promise<void>): ScenarioStep['act'] {
  return async (world) => {
    for (const [at, pod] of (await world.living()).entries()) if (choose(pod, at)) await act(world, pod);
  };
}

export const run = (choose: Choose = every): ScenarioStep['act'] => withPods(choose, (world, pod) => world.run(pod));
export const end = (exitCode: number, choose: Choose = every, more?: PodStatus): ScenarioStep['act'] =>
  withPods(choose, (world, pod) => world.end(pod, exitCode, more));
export const finishDeletions: ScenarioStep['act'] = (world) => world.finishDeletions(143);
export const change =
  (kind: string, name: string, body: object): ScenarioStep['act'] =>
  (world) =>
    world.patch(kind, name, body);
export const removal =
  (kind: string, name: string, propagationPolicy: 'Orphan' | 'Background' | 'Foreground'): ScenarioStep['act'] =>
  (world) =>
    world.remove(kind, name, { propagationPolicy });
