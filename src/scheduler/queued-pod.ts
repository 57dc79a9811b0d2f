import type { PodInfo } from './pod-info.ts';

export type Place = 'active' | 'backoff' | 'unschedulable' | 'gated' | 'in-flight';

/** A pod in the queue: framework/types.go QueuedPodInfo. */
export interface QueuedPod {
  info: PodInfo;
  place: Place;
  /** When it was first seen or tried last, for the order (monotonic ms). */
  since: number;
  /** When it was first seen (monotonic ms). */
  readonly seen: number;
  /** When its last try began (monotonic ms). */
  tried: number;
  attempts: number;
  /** Tries that ended without a node. */
  rejections: number;
  /** Tries in a row that ended in an error; their backoff is kept even when the scheduler is idle. */
  errors: number;
  /** The plugins that rejected it last. */
  rejectedBy: ReadonlySet<string>;
  /** When its backoff is over (monotonic ms). */
  backoffUntil: number;
  /** What it was told last about what would help. */
  advice: string;
  /** Counts entries into a heap, so that stale heap items are told apart. */
  ticket: number;
}

/** An entry of a heap; it counts as long as its ticket is the pod's. */
export interface QueueItem {
  readonly pod: QueuedPod;
  readonly ticket: number;
}

export function queuedPod(info: PodInfo, now: number): QueuedPod {
  return {
    info,
    place: 'gated',
    since: now,
    seen: now,
    tried: now,
    attempts: 0,
    rejections: 0,
    errors: 0,
    rejectedBy: new Set(),
    backoffUntil: 0,
    advice: '',
    ticket: 0,
  };
}
