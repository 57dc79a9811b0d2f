/** Whether the container runtime answers (pkg/kubelet/runtime.go). It is asked when the node looks at itself, and nobody waits for it: it may hang. */
import type { Clock } from '../../base/clock.ts';
import type { Runtime } from '../runtimes/runtime.ts';

/** maxWaitForContainerRuntime. */
const downMs = 30_000;
/** genericPlegRelistThreshold. */
const plegMs = 3 * 60_000;

export class RuntimeHealth {
  readonly #runtime: Pick<Runtime, 'version'>;
  readonly #clock: Clock;
  #answeredAt: number;
  #asking = false;

  /** It has just answered. */
  constructor(runtime: Pick<Runtime, 'version'>, clock: Clock) {
    this.#runtime = runtime;
    this.#clock = clock;
    this.#answeredAt = clock.monotonic();
  }

  /** Asks again, unless an answer is still awaited. */
  ask(): void {
    if (this.#asking) return;
    this.#asking = true;
    const done = (answered: boolean): void => {
      this.#asking = false;
      if (answered) this.#answeredAt = this.#clock.monotonic();
    };
    this.#runtime.version().then(
      () => done(true),
      () => done(false),
    );
  }

  /** What is wrong, in upstream's words. */
  problems(): string[] {
    const silent = this.#clock.monotonic() - this.#answeredAt;
    return [
      ...(silent > downMs ? ['container runtime is down'] : []),
      ...(silent > plegMs
        ? [`PLEG is not healthy: pleg was last seen active ${minutes(silent)} ago; threshold is ${minutes(plegMs)}`]
        : []),
    ];
  }
}

function minutes(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${String(Math.floor(seconds / 60))}m${String(seconds % 60)}s`;
}

/** Go's aggregate of errors: one as it is, several in brackets. */
export function together(problems: readonly string[]): string {
  return problems.length > 1 ? `[${problems.join(', ')}]` : (problems[0] ?? '');
}
