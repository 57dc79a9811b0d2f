/** What the store and the admission plugins take, by upstream's names (apiserver pkg/storage/etcd3/metrics, pkg/admission/metrics). */
import { type Counter, type Family, type Histogram, MetricRegistry } from '../base/metrics.ts';
import type { ResourceDefinition } from './definition.ts';

export type StoreOperation = 'create' | 'update' | 'delete';
export type AdmissionPhase = 'admit' | 'validate';

interface Requests {
  readonly seconds: Histogram;
  readonly all: Counter;
  readonly failed: Counter;
}

const storeBuckets = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];
const admissionBuckets = [0.005, 0.025, 0.1, 0.5, 1, 2.5];

/** Every series is looked up once and kept: a request costs additions. */
export class Measures {
  readonly #store;
  readonly #admission;
  readonly #requests = new WeakMap<ResourceDefinition, Map<StoreOperation, Requests>>();
  readonly #phases = new Map<string, PhaseMeasures>();

  constructor(metrics = new MetricRegistry()) {
    this.#store = storeFamilies(metrics);
    this.#admission = admissionFamilies(metrics);
  }

  /** Counts a request to the store and how long it takes; what comes of it goes on. */
  async request<T>(definition: ResourceDefinition, operation: StoreOperation, call: () => Promise<T>): Promise<T> {
    const { seconds, all, failed } = this.#requestsOf(definition, operation);
    const began = performance.now();
    try {
      return await call();
    } catch (error) {
      failed.inc();
      throw error;
    } finally {
      all.inc();
      seconds.observe((performance.now() - began) / 1000);
    }
  }

  phase(phase: AdmissionPhase, operation: string): PhaseMeasures {
    const key = phase + operation;
    let found = this.#phases.get(key);
    if (found === undefined) this.#phases.set(key, (found = new PhaseMeasures(this.#admission, phase, operation)));
    return found;
  }

  #requestsOf(definition: ResourceDefinition, operation: StoreOperation): Requests {
    let operations = this.#requests.get(definition);
    if (operations === undefined) this.#requests.set(definition, (operations = new Map<StoreOperation, Requests>()));
    let found = operations.get(operation);
    if (found === undefined) {
      const labels = [operation, definition.group, definition.resource] as const;
      const { seconds, all, failed } = this.#store;
      operations.set(operation, (found = { seconds: seconds.with(...labels), all: all.with(...labels), failed: failed.with(...labels) }));
    }
    return found;
  }
}

/** One phase of admission for one operation. */
export class PhaseMeasures {
  readonly #families: ReturnType<typeof admissionFamilies>;
  readonly #phase: AdmissionPhase;
  readonly #operation: string;
  readonly #passed = new Map<string, Histogram>();
  #all: Histogram | undefined;

  constructor(families: ReturnType<typeof admissionFamilies>, phase: AdmissionPhase, operation: string) {
    this.#families = families;
    this.#phase = phase;
    this.#operation = operation;
  }

  /** The plugin let the request pass. */
  passed(plugin: string, ms: number): void {
    let found = this.#passed.get(plugin);
    if (found === undefined)
      this.#passed.set(plugin, (found = this.#families.controllers.with(plugin, this.#phase, this.#operation, 'false')));
    found.observe(ms / 1000);
  }

  rejected(plugin: string, ms: number, allMs: number): void {
    this.#families.controllers.with(plugin, this.#phase, this.#operation, 'true').observe(ms / 1000);
    this.#families.steps.with(this.#phase, this.#operation, 'true').observe(allMs / 1000);
  }

  /** All plugins let it pass. */
  done(ms: number): void {
    this.#all ??= this.#families.steps.with(this.#phase, this.#operation, 'false');
    this.#all.observe(ms / 1000);
  }
}

function storeFamilies(metrics: MetricRegistry): { seconds: Family<Histogram>; all: Family<Counter>; failed: Family<Counter> } {
  const labels = ['operation', 'group', 'resource'];
  return {
    seconds: metrics.histogram({
      name: 'etcd_request_duration_seconds',
      help: 'Etcd request latency in seconds for each operation and object type.',
      labels,
      buckets: storeBuckets,
    }),
    all: metrics.counter({ name: 'etcd_requests_total', help: 'Etcd request counts for each operation and object type.', labels }),
    failed: metrics.counter({
      name: 'etcd_request_errors_total',
      help: 'Etcd failed request counts for each operation and object type.',
      labels,
    }),
  };
}

function admissionFamilies(metrics: MetricRegistry): { steps: Family<Histogram>; controllers: Family<Histogram> } {
  const labels = ['type', 'operation', 'rejected'];
  const stability = 'STABLE';
  return {
    steps: metrics.histogram({
      name: 'apiserver_admission_step_admission_duration_seconds',
      help: 'Admission sub-step latency histogram in seconds, broken out for each operation and API resource and step type (validate or admit).',
      labels,
      stability,
      buckets: admissionBuckets,
    }),
    controllers: metrics.histogram({
      name: 'apiserver_admission_controller_admission_duration_seconds',
      help: 'Admission controller latency histogram in seconds, identified by name and broken out for each operation and API resource and type (validate or admit).',
      labels: ['name', ...labels],
      stability,
      buckets: admissionBuckets,
    }),
  };
}
