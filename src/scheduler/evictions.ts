/** Carries out what was decided about victims: framework/preemption/executor.go. */
import { isReason } from '../api/errors.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from '../client/client.ts';
import type { Informer } from '../client/informer.ts';
import { refs } from '../client/refs.ts';
import type { Pod } from '../api/generated/types.ts';
import type { PodInfo } from './pod-info.ts';
import { clearNomination, markVictim } from './status.ts';

export interface EvictionsOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pods: Informer<Pod>;
  readonly tell: (victim: PodInfo, message: string, preemptor: PodInfo) => void;
}

export interface EvictionPlan {
  readonly preemptor: PodInfo;
  readonly node: string;
  readonly victims: readonly PodInfo[];
  /** Pods of lower priority that were promised room on the node. */
  readonly displaced: readonly PodInfo[];
}

export class Evictions {
  readonly #options: EvictionsOptions;
  /** Preemptors whose victims are being told to go, with the last of them once it is its turn. */
  readonly #running = new Map<string, { last: PodInfo | undefined }>();

  constructor(options: EvictionsOptions) {
    this.#options = options;
  }

  /** Whether the pod had better wait: its victims are not all told yet. */
  isRunning(uid: string): boolean {
    const run = this.#running.get(uid);
    if (run === undefined) return false;
    if (run.last === undefined) return true;
    const victim = this.#options.pods.store.get(run.last.key);
    return victim !== undefined && victim.metadata.deletionTimestamp === undefined;
  }

  /** Resolves to whether all went well; never rejects. */
  async run({ preemptor, node, victims, displaced }: EvictionPlan): Promise<boolean> {
    const staying = victims.filter(({ pod }) => pod.metadata.deletionTimestamp === undefined);
    const last = staying.at(-1);
    if (last === undefined) return true;
    const run: { last: PodInfo | undefined } = { last: undefined };
    this.#running.set(preemptor.uid, run);
    try {
      for (const { pod } of displaced) await this.#attempt(pod, () => clearNomination(this.#options.client, pod));
      const told = await Promise.all(staying.slice(0, -1).map((victim) => this.#evict(victim, preemptor, node)));
      if (told.includes(false)) return false;
      run.last = last;
      return await this.#evict(last, preemptor, node);
    } finally {
      this.#running.delete(preemptor.uid);
    }
  }

  #evict(victim: PodInfo, preemptor: PodInfo, node: string): Promise<boolean> {
    const { client, clock, tell } = this.#options;
    return this.#attempt(victim.pod, async () => {
      const by = preemptor.pod.spec.schedulerName ?? 'default-scheduler';
      await markVictim(client, victim.pod, { by, now: clock.now() });
      await client.resource(refs.pods).delete(victim.namespace, victim.pod.metadata.name, { preconditions: { uid: victim.uid } });
      tell(victim, `Preempted by pod ${preemptor.uid} on node ${node}`, preemptor);
    });
  }

  /** A pod that is gone already needs nothing. */
  async #attempt({ metadata }: Pod, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (isReason(error, 'NotFound')) return true;
      this.#options.logger.warn({ err: error, pod: `${metadata.namespace ?? ''}/${metadata.name}` }, 'pod was not preempted');
      return false;
    }
  }
}
