/** Tasks that wait until something holds; whoever changes it calls `check`. */
export class Turns {
  readonly #waiting = new Map<() => boolean, () => void>();

  /** Resolves as soon as `ready` holds. */
  until(ready: () => boolean): Promise<void> {
    if (ready()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.set(ready, resolve));
  }

  check(): void {
    for (const [ready, resolve] of [...this.#waiting]) {
      if (!ready()) continue;
      this.#waiting.delete(ready);
      resolve();
    }
  }
}
