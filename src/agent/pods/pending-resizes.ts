/** Resizes that wait for room on the node, in the order in which they are tried (allocation_manager.go, retryPendingResizes). */
import type { Node, Pod } from '../../api/generated/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { Running } from '../../base/lifecycle.ts';
import { running } from '../../base/lifecycle.ts';
import { reject, type Rejection } from './admission.ts';
import { asksForMore } from './allocation.ts';

/** A pod as far as its resize goes. */
export interface Resizing {
  /** As the API wants it. */
  readonly wanted: Pod;
  /** With the resources that it has. */
  readonly pod: Pod;
  readonly active: boolean;
  readonly resizeWaits: boolean;
  readonly resizePendingSince: string | undefined;
  /** Takes what it asks for, or learns why it cannot have it now. */
  settleResize(rejection: Rejection | undefined): void;
}

/** Looked at again after so long, whatever happens; only while something waits. */
const retryMs = 3 * 60_000;

export interface PendingResizes extends Running {
  /** Room may have come free, or a pod asks for other resources. */
  retry(): void;
}

export interface PendingResizesOptions {
  readonly clock: Clock;
  readonly pods: () => Iterable<Resizing>;
  /** Undefined when nobody can tell: then everything waits. */
  readonly node: () => Promise<Node | undefined>;
  /** Runs works that take room on the node one after the other. */
  readonly inTurn: (work: () => Promise<void>) => Promise<void>;
}

export function startPendingResizes({ clock, pods, node, inTurn }: PendingResizesOptions): PendingResizes {
  let cancel: (() => void) | undefined;
  let due = false;
  let stopped = false;

  const waiting = (): Resizing[] => [...pods()].filter((pod) => pod.resizeWaits).sort(compareResizes);
  const round = async (): Promise<void> => {
    due = false;
    const found = waiting().length === 0 ? undefined : await node();
    if (found !== undefined) {
      for (const pod of waiting()) {
        const others = [...pods()].filter((other) => other !== pod && other.active).map((other) => other.pod);
        pod.settleResize(reject(pod.wanted, others, found, { operation: 'resize' }));
      }
    }
    cancel?.();
    cancel = !stopped && waiting().length > 0 ? clock.after(retryMs, retry) : undefined;
  };
  const retry = (): void => {
    if (due || stopped || waiting().length === 0) return;
    due = true;
    void inTurn(round);
  };
  return {
    retry,
    ...running(() => {
      stopped = true;
      cancel?.();
    }),
  };
}

/** Those that need no room, then by priority, by QoS class, and by how long they have waited. */
export function compareResizes(a: Resizing, b: Resizing): number {
  const more = (one: Resizing): number => (asksForMore(one.wanted, one.pod) ? 1 : 0);
  const priority = (one: Resizing): number => one.wanted.spec.priority ?? 0;
  const guaranteed = (one: Resizing): number => (one.wanted.status.qosClass === 'Guaranteed' ? 0 : 1);
  const since = (one: Resizing): string => one.resizePendingSince ?? '~';
  return more(a) - more(b) || priority(b) - priority(a) || guaranteed(a) - guaranteed(b) || (since(a) < since(b) ? -1 : 1);
}
