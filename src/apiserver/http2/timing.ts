/** When a connection is used, and how often things happen on it. */
import { encodedField } from './hpack.ts';

/** Tells when a connection has not been used for long. */
export class IdleTimer {
  readonly #ms: number;
  readonly #expired: () => void;
  /** Undefined: in use. */
  #since: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number, expired: () => void) {
    this.#ms = ms;
    this.#expired = expired;
  }

  /** From now on it is not used. One timer lasts for as long as it is used now and then, which costs no timer each time. */
  begin(): void {
    this.#since = performance.now();
    if (this.#timer === undefined) this.#watch(this.#ms);
  }

  /** It is used, or gone. */
  end(): void {
    this.#since = undefined;
  }

  /** For good. */
  stop(): void {
    this.end();
    clearTimeout(this.#timer);
  }

  #watch(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#since === undefined) return;
      const left = this.#since + this.#ms - performance.now();
      if (left > 0) this.#watch(left + 1);
      else this.#expired();
    }, ms);
    this.#timer.unref();
  }
}

/** Counts what happens within a second. */
export class Rate {
  #count = 0;
  #since = 0;

  /** Once more: is that too often? */
  exceeds(most: number): boolean {
    const now = performance.now();
    if (now - this.#since > 1000) {
      this.#count = 0;
      this.#since = now;
    }
    return ++this.#count > most;
  }
}

/** What time it is, as answers say it; made once a second. */
export class DateField {
  #second = 0;
  #field = '';

  field(): string {
    const second = Math.floor(Date.now() / 1000);
    if (second === this.#second) return this.#field;
    this.#second = second;
    return (this.#field = encodedField('date', new Date(second * 1000).toUTCString()));
  }
}
