/** Wires the eviction of a node that really runs pods. */
import { join } from 'node:path';
import type { EventRecorder } from '../../client/events.ts';
import type { AgentOptions } from '../options.ts';
import type { PodDeps } from '../pods/deps.ts';
import type { PodManager } from '../pods/pod-manager.ts';
import { type Eviction, startEviction } from './eviction.ts';
import { openPulledImages, type PulledImages } from '../gc/pulled-images.ts';
import { observe } from './signals.ts';
import { allThresholds, defaultThresholds } from './thresholds.ts';
import { diskUse, used } from './usage.ts';

export interface NodeEvictionOptions {
  readonly options: AgentOptions;
  readonly deps: PodDeps;
  readonly pulled: PulledImages;
  readonly recorder: EventRecorder;
  readonly managed: Promise<PodManager>;
  readonly changed: () => void;
}

/** Undefined for a node whose pods are only simulated: it runs out of nothing. */
export function startNodeEviction({ options, deps, pulled, recorder, managed, changed }: NodeEvictionOptions): Eviction | undefined {
  const { runtime, clock, logger, podsDir, run, nodeName } = deps;
  if (!runtime.real) return undefined;
  const places = { nodeDir: options.dataDir, imageDir: runtime.imageDir };
  const usage = { runtime, run, podsDir };
  let manager: PodManager | undefined;
  managed.then(
    (started) => (manager = started),
    () => undefined,
  );
  return startEviction({
    clock,
    logger,
    thresholds: allThresholds(options.evictionHard ?? defaultThresholds, options.eviction),
    maxPodGraceMs: options.eviction?.maxPodGraceMs,
    transitionMs: options.eviction?.transitionMs,
    observe: () => observe(places),
    workers: () => manager?.workers.values() ?? [],
    used: (worker, starved) => used(usage, worker, starved),
    diskUse: (worker) => diskUse(usage, worker),
    reclaim: async (starved) => {
      if (starved === 'ephemeral-storage' || starved === 'inodes') await pulled.reclaim(runtime);
    },
    changed,
    event: (reason, message) => recorder.event({ kind: 'Node', name: nodeName, uid: nodeName }, 'Warning', reason, message),
  });
}

/** Where the agent remembers which images it pulled. */
export function pulledImagesOf(dataDir: string): Promise<PulledImages> {
  return openPulledImages(join(dataDir, 'pulled-images.json'));
}
