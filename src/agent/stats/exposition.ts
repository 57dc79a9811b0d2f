/** Prometheus text of values that carry the time they were read at; base/metrics.ts is for what is counted here. */
import { labelText, numberText } from '../../base/metrics.ts';

export interface TimedSample {
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly value: number;
  /** Milliseconds since the epoch; missing: the time of the scrape. */
  readonly time?: number;
}

export class Exposition {
  readonly #families = new Map<string, readonly string[]>();

  /** `help` as it is printed, with its stability. A family without samples is left out, as Go's library does. */
  add(type: 'counter' | 'gauge', name: string, help: string, samples: readonly TimedSample[]): void {
    if (samples.length === 0) return;
    const lines = samples.map(
      ({ labels, value, time }) =>
        `${name}${labelText(labels.map(([key, text]) => [key, text]))} ${numberText(value)}${time === undefined ? '' : ` ${String(Math.round(time))}`}`,
    );
    this.#families.set(name, [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines.sort()]);
  }

  /** Names in alphabetical order. */
  text(): string {
    return [...this.#families]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, lines]) => `${lines.join('\n')}\n`)
      .join('');
  }
}
