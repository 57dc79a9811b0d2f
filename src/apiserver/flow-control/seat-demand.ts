/** How many seats a level would have liked, over time (apiserver pkg/util/flowcontrol/fairqueuing/integrator.go, apf_controller.go). */

/** Of the old value, every period; halves it in five minutes. */
const smoothing = 0.977;

export interface DemandSummary {
  readonly average: number;
  readonly deviation: number;
  readonly highWatermark: number;
  readonly smoothed: number;
}

export class SeatDemand {
  #value = 0;
  #since: number;
  #start: number;
  #max = 0;
  #integral = 0;
  #squares = 0;
  #summary: DemandSummary = { average: 0, deviation: 0, highWatermark: 0, smoothed: 0 };

  /** Times are seconds of a clock that never jumps back. */
  constructor(now: number) {
    this.#since = this.#start = now;
  }

  get summary(): DemandSummary {
    return this.#summary;
  }

  set(value: number, now: number): void {
    const seconds = now - this.#since;
    this.#integral += this.#value * seconds;
    this.#squares += this.#value * this.#value * seconds;
    this.#since = now;
    this.#value = value;
    if (value > this.#max) this.#max = value;
  }

  /** Sums up what was since the last time. `periods`: how many adjustment periods that were, when nobody looked for long. */
  close(now: number, periods = 1): DemandSummary {
    this.set(this.#value, now);
    const seconds = now - this.#start;
    const highWatermark = Math.round(this.#max);
    if (seconds > 0) {
      const average = this.#integral / seconds;
      const deviation = Math.sqrt(Math.max(0, this.#squares / seconds - average * average));
      const envelope = average + deviation;
      const kept = smoothing ** periods;
      const smoothed = Math.max(envelope, kept * this.#summary.smoothed + (1 - kept) * envelope);
      this.#summary = { average, deviation, highWatermark, smoothed };
    } else this.#summary = { ...this.#summary, highWatermark };
    this.#start = now;
    this.#max = this.#value;
    this.#integral = this.#squares = 0;
    return this.#summary;
  }
}
