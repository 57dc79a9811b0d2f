/**
 * What seats are for in a process of one thread. Requests that have come in together are begun one after the other in one turn of
 * the event loop, and whoever comes later has to wait for all of them, however many seats are free. So a turn has a budget: once
 * that is spent, what comes waits in its queue and starts in the turns that follow, in the order of fairness, and in between
 * sockets are read, so that requests of others get into their queues too.
 */

/** Seconds. Small beside what a person or a probe notices, large beside one ordinary request. */
const budget = 0.004;

export class Turn {
  readonly #seconds: () => number;
  /** Called in the next turn when this one was too short. */
  readonly #resume: () => void;
  #began = 0;
  #running = false;
  #held = false;

  constructor(seconds: () => number, resume: () => void) {
    this.#seconds = seconds;
    this.#resume = resume;
  }

  /** Whether this turn has time for one more request. */
  open(now: number): boolean {
    if (!this.#running) {
      this.#running = true;
      this.#began = now;
      setImmediate(this.#over);
      return true;
    }
    return !this.#held && now - this.#began < budget;
  }

  /** Something waits for the next turn. */
  hold(): void {
    this.#held = true;
  }

  readonly #over = (): void => {
    this.#running = false;
    if (!this.#held) return;
    this.#held = false;
    this.open(this.#seconds());
    this.#resume();
  };
}
