/** Whatever starts returns its own stop. `stop` is safe to call twice and resolves when nothing is left running. */
export interface Running extends AsyncDisposable {
  stop(): Promise<void>;
}

/** Makes a {@link Running} of a stop function that runs at most once. */
export function running(stop: () => Promise<void> | void): Running {
  let stopped: Promise<void> | undefined;
  const once = (): Promise<void> => (stopped ??= Promise.resolve(stop()));
  return { stop: once, [Symbol.asyncDispose]: once };
}

/** Stops what was added in reverse order; a failing stop does not keep the others from stopping. */
export class Lifecycle implements Running {
  readonly #parts: Running[] = [];
  #stopped: Promise<void> | undefined;

  add<T extends Running>(part: T): T {
    this.#parts.push(part);
    return part;
  }

  stop(): Promise<void> {
    return (this.#stopped ??= this.#stopAll());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #stopAll(): Promise<void> {
    const failures: unknown[] = [];
    for (const part of this.#parts.reverse()) {
      try {
        await part.stop();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'some parts did not stop cleanly');
  }
}
