/** How long refused clients are told to stay away (apiserver pkg/util/flowcontrol/dropped_requests_tracker.go). */

const maxRetryAfter = 32;

/** Of one priority level. */
export class DroppedRequests {
  #history: { readonly second: number; readonly requests: number }[] = [];
  #second = 0;
  #count = 0;
  #raised = 0;
  #retryAfter = 1;

  /** Notes one more; answers the seconds for Retry-After. `now` in seconds since the epoch. */
  record(now: number): number {
    const second = Math.floor(now);
    if (second === this.#second) this.#count++;
    else {
      this.#close(second);
      this.#second = second;
      this.#count = 1;
      this.#adjust(second);
    }
    return this.#retryAfter;
  }

  #close(now: number): void {
    const keep = Math.min(2 * this.#retryAfter, maxRetryAfter);
    this.#history.push({ second: this.#second, requests: this.#count });
    this.#history = this.#history.filter(({ second }) => now - second <= keep);
  }

  /** Doubles while many are refused, goes back one by one. */
  #adjust(now: number): void {
    const after = this.#retryAfter;
    let dropped = 0;
    for (const { second, requests } of this.#history) if (second < now && now - second <= after) dropped += requests;
    if (now - this.#raised >= after && dropped >= 3 * after) {
      this.#retryAfter = Math.min(2 * after, maxRetryAfter);
      this.#raised = now;
    } else if (dropped < after && after > 1) this.#retryAfter--;
  }
}
