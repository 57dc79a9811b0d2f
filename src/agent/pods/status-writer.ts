/** Writes pods' statuses: only what differs, one write of a pod at a time, the newest status wins. */
import { ApiError, isReason } from '../../api/errors.ts';
import type { Pod, PodCondition, PodStatus } from '../../api/generated/types.ts';
import { jsonEqual } from '../../base/json-equal.ts';
import { Backoff } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import { delay } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Client } from '../../client/client.ts';
import { refs } from '../../client/refs.ts';
import { allContainersRestarting, disruptionTarget } from './conditions.ts';
import { resizeConditions } from './resize-state.ts';

export interface StatusWriter {
  /** Brings `status` to the API soon; resolves when it (or a newer one) is there or the pod is gone. */
  write(pod: Pod, status: PodStatus): Promise<void>;
}

/** Phases that no pod leaves. */
export const terminalPhases: ReadonlySet<string | undefined> = new Set(['Succeeded', 'Failed']);

const ownConditions = new Set([
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
  allContainersRestarting,
  ...resizeConditions,
]);

/** `status` with what other writers put into the newest version kept: their conditions, nominatedNodeName, resize state. */
export function mergeStatus(newest: PodStatus, status: PodStatus): PodStatus {
  const own = (status.conditions ?? [])
    .filter(({ type }) => ownConditions.has(type) || type === disruptionTarget)
    .map((condition) => withProbeTime(condition, newest));
  const others = (newest.conditions ?? []).filter(({ type }) => !ownConditions.has(type) && !own.some((mine) => mine.type === type));
  // Whoever said that the pod is over is believed.
  const phase = terminalPhases.has(newest.phase) ? newest.phase : status.phase;
  return { ...newest, ...status, phase, conditions: [...own, ...others] };
}

/** The API writes a probe time of null into every condition: who leaves it out would find a difference each time. */
function withProbeTime(condition: PodCondition, { conditions }: PodStatus): PodCondition {
  const lastProbeTime = conditions?.find(({ type }) => type === condition.type)?.lastProbeTime;
  return lastProbeTime === undefined ? condition : { lastProbeTime, ...condition };
}

interface Entry {
  pending: { pod: Pod; status: PodStatus } | undefined;
  running: Promise<void>;
}

export interface StatusWriterOptions {
  readonly client: Client;
  readonly logger: Logger;
  readonly clock: Clock;
  /** A status that differed since then (monotonic, ms) is written. */
  readonly synced?: (sinceMs: number) => void;
}

export function createStatusWriter({ client, logger, clock, synced }: StatusWriterOptions): StatusWriter {
  const pods = client.resource(refs.pods);
  const entries = new Map<string, Entry>();

  const put = async (pod: Pod, status: PodStatus): Promise<void> => {
    const since = clock.monotonic();
    let newest = pod;
    for (let tries = 0; tries < 10; tries += 1) {
      if (newest.metadata.uid !== pod.metadata.uid) return;
      const merged = mergeStatus(newest.status, status);
      if (jsonEqual(merged, newest.status)) return;
      try {
        await pods.updateStatus({ ...newest, status: merged });
        synced?.(since);
        return;
      } catch (error) {
        if (isReason(error, 'NotFound')) return;
        if (!isReason(error, 'Conflict')) throw error;
        newest = await pods.get(pod.metadata.namespace ?? '', pod.metadata.name);
      }
    }
  };

  const drain = async (uid: string, entry: Entry): Promise<void> => {
    const retry = new Backoff({ initialMs: 500, maxMs: 10_000, factor: 2, clock });
    while (entry.pending !== undefined) {
      const { pod, status } = entry.pending;
      entry.pending = undefined;
      try {
        await put(pod, status);
      } catch (error) {
        if (isReason(error, 'NotFound')) continue;
        logger.warn({ err: error, pod: pod.metadata.name }, 'the status of a pod could not be written');
        if (isRefusal(error)) continue;
        await delay(clock, retry.next());
        // The newest status wins, whenever there is somebody to take it.
        entry.pending ??= { pod, status };
      }
    }
    entries.delete(uid);
  };

  return {
    write(pod, status) {
      const { uid } = pod.metadata;
      const found = entries.get(uid);
      if (found !== undefined) {
        found.pending = { pod, status };
        return found.running;
      }
      const entry: Entry = { pending: { pod, status }, running: Promise.resolve() };
      entries.set(uid, entry);
      entry.running = drain(uid, entry);
      return entry.running;
    },
  };
}

/** The API has looked at it and will not have it; anything else may go better another time. */
function isRefusal(error: unknown): boolean {
  return error instanceof ApiError && error.code >= 400 && error.code < 500 && error.code !== 429;
}
