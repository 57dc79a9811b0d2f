/** How long a node waits before its next failed daemon pod is replaced: client-go util/flowcontrol backoff.go, 1 s to 15 min. */
import type { Clock } from '../../base/clock.ts';

const initialMs = 1_000;
const maxMs = 15 * 60_000;

interface Entry {
  wait: number;
  since: number;
}

export class FailedPodBackoff {
  readonly #clock: Clock;
  /** By DaemonSet uid, then by generation and node. */
  readonly #entries = new Map<string, Map<string, Entry>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Ms until the pod on this node may be replaced; 0 counts a replacement and makes the next wait longer. */
  take(uid: string, generation: number, node: string): number {
    const now = this.#clock.monotonic();
    const entries = this.#entries.get(uid) ?? new Map<string, Entry>();
    this.#entries.set(uid, entries);
    for (const [key, { since }] of entries) if (now - since > 2 * maxMs) entries.delete(key);
    const key = `${String(generation)}/${node}`;
    const entry = entries.get(key);
    if (entry !== undefined && now - entry.since < entry.wait) return entry.since + entry.wait - now;
    entries.set(key, { wait: entry === undefined ? initialMs : Math.min(maxMs, entry.wait * 2), since: now });
    return 0;
  }

  forget(uid: string): void {
    this.#entries.delete(uid);
  }
}
