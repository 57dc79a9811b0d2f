/**
 * Counters, gauges and histograms in Prometheus' text format. Own code and not prom-client, because that hashes the labels of
 * every observation again: here a child is looked up once by whoever observes, kept, and an observation is an addition.
 */

/** What upstream promises about a metric; printed in front of its help text. */
export type Stability = 'ALPHA' | 'BETA' | 'STABLE';

export interface MetricOptions {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  /** Default ALPHA; '' for what comes from no Kubernetes library. */
  readonly stability?: Stability | '';
}

export class Counter {
  value = 0;

  inc(by = 1): void {
    this.value += by;
  }
}

export class Gauge {
  value = 0;

  add(by: number): void {
    this.value += by;
  }

  set(value: number): void {
    this.value = value;
  }
}

export class Histogram {
  readonly #bounds: readonly number[];
  /** Not cumulative; the last one is beyond every bound. */
  readonly #counts: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  /** `weight`: how many observations of this value. */
  observe(value: number, weight = 1): void {
    let at = 0;
    while (at < this.#bounds.length && value > (this.#bounds[at] as number)) at++;
    this.#counts[at] = (this.#counts[at] as number) + weight;
    this.sum += value * weight;
  }

  get count(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0);
  }

  /** Bounds with how many were at or below them. */
  buckets(): [bound: number, count: number][] {
    let sum = 0;
    return this.#counts.map((count, at) => [this.#bounds[at] ?? Infinity, (sum += count)]);
  }
}

type Child = Counter | Gauge | Histogram;

/** One value of a metric that is found out when somebody looks. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** All children of one name, by the values of its labels. */
export class Family<C extends Child> {
  readonly name: string;
  readonly #labels: readonly string[];
  readonly #make: () => C;
  readonly #children = new Map<string, { readonly values: readonly string[]; readonly child: C }>();

  constructor(options: MetricOptions, make: () => C) {
    this.name = options.name;
    this.#labels = options.labels ?? [];
    this.#make = make;
    if (this.#labels.length === 0) this.with();
  }

  /** The child with these values, in the order of the labels' names. Keep it: the look-up is what costs. */
  with(...values: string[]): C {
    const key = values.join('\u0000');
    const found = this.#children.get(key);
    if (found !== undefined) return found.child;
    const child = this.#make();
    this.#children.set(key, { values, child });
    return child;
  }

  /** Forgets the child with these values. */
  remove(...values: string[]): void {
    this.#children.delete(values.join('\u0000'));
  }

  lines(): string[] {
    const lines: string[] = [];
    for (const { values, child } of this.#children.values()) {
      const labels = this.#labels.map((name, at): [string, string] => [name, values[at] ?? '']);
      lines.push(...childLines(this.name, labels, child));
    }
    return lines.length > 1 && !(this.#first() instanceof Histogram) ? lines.sort() : lines;
  }

  #first(): C | undefined {
    return this.#children.values().next().value?.child;
  }
}

function childLines(name: string, labels: readonly [string, string][], child: Child): string[] {
  if (!(child instanceof Histogram)) return [`${name}${labelText(labels)} ${numberText(child.value)}`];
  const lines = child.buckets().map(([bound, count]) => {
    const le: [string, string] = ['le', bound === Infinity ? '+Inf' : numberText(bound)];
    return `${name}_bucket${labelText(labels, le)} ${numberText(count)}`;
  });
  return [
    ...lines,
    `${name}_sum${labelText(labels)} ${numberText(child.sum)}`,
    `${name}_count${labelText(labels)} ${numberText(child.count)}`,
  ];
}

/** Labels stand in the order of their names, the bound of a bucket last, as Go's library writes them. */
export function labelText(labels: readonly [string, string][], last?: [string, string]): string {
  const sorted = [...labels].sort(([a], [b]) => (a < b ? -1 : 1));
  if (last !== undefined) sorted.push(last);
  if (sorted.length === 0) return '';
  return `{${sorted.map(([name, value]) => `${name}="${escape(value)}"`).join(',')}}`;
}

function escape(value: string): string {
  return value.replace(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`));
}

/** As Go prints floats ('g', shortest): an exponent from a million on and below a ten-thousandth, of at least two digits. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-4 && size < 1e6)) return String(value);
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}

interface Registered {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  lines(): string[];
}

/** Everything that is shown at one address. */
export class MetricRegistry {
  readonly #metrics = new Map<string, Registered>();

  counter(options: MetricOptions): Family<Counter> {
    return this.#add('counter', options, new Family(options, () => new Counter()));
  }

  gauge(options: MetricOptions): Family<Gauge> {
    return this.#add('gauge', options, new Family(options, () => new Gauge()));
  }

  histogram(options: MetricOptions & { readonly buckets: readonly number[] }): Family<Histogram> {
    return this.#add('histogram', options, new Family(options, () => new Histogram(options.buckets)));
  }

  /** A metric that costs nothing until somebody looks. */
  collected(type: 'counter' | 'gauge', options: MetricOptions, collect: () => Iterable<Sample>): void {
    const lines = (): string[] =>
      [...collect()].map(({ labels = {}, value }) => `${options.name}${labelText(Object.entries(labels))} ${numberText(value)}`).sort();
    this.#register(type, options, lines);
  }

  /** Names in alphabetical order; what has no value is left out, as Go's library does. */
  text(): string {
    const parts: string[] = [];
    for (const metric of [...this.#metrics.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const lines = metric.lines();
      if (lines.length === 0) continue;
      parts.push(`# HELP ${metric.name} ${metric.help}`, `# TYPE ${metric.name} ${metric.type}`, ...lines);
    }
    return parts.length === 0 ? '' : `${parts.join('\n')}\n`;
  }

  #add<C extends Child>(type: string, options: MetricOptions, family: Family<C>): Family<C> {
    this.#register(type, options, () => family.lines());
    return family;
  }

  #register(type: string, { name, help, stability = 'ALPHA' }: MetricOptions, lines: () => string[]): void {
    if (this.#metrics.has(name)) throw new Error(`the metric ${name} exists twice`);
    const said = (stability === '' ? help : `[${stability}] ${help}`).replace(/\\/g, '\\\\').replace(/\n/g, '\\n');
    this.#metrics.set(name, { name, type, help: said, lines });
  }
}

/** `count` bounds, each `factor` times the one before (client_golang, ExponentialBuckets). */
export function exponentialBuckets(start: number, factor: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => start * factor ** at);
}
