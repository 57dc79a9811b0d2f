/** The metrics APIs (metrics.k8s.io, custom.metrics.k8s.io, external.metrics.k8s.io): pkg/controller/podautoscaler/metrics/client.go. */
import { parseGoDuration } from '../../api/duration.ts';
import { ApiError } from '../../api/errors.ts';
import { parseQuantity } from '../../api/quantity.ts';

/** Answers a GET of a path (with query) at the cluster's API as parsed JSON; rejects with an ApiError. */
export type RawGet = (path: string) => Promise<unknown>;

/** One pod's value of a metric. */
export interface PodMetric {
  /** When it was taken, in ms since the epoch. */
  readonly timestamp: number;
  /** Over which time, in ms. */
  readonly window: number;
  /** In thousandths. */
  readonly value: number;
}

/** By name of the pod. */
export type PodMetrics = ReadonlyMap<string, PodMetric>;

interface PodMetricsItem {
  readonly metadata: { readonly name: string };
  readonly timestamp: string;
  readonly window: string;
  readonly containers?: readonly { readonly name: string; readonly usage?: Readonly<Record<string, string>> }[];
}

interface MetricValueItem {
  readonly describedObject?: { readonly name?: string };
  readonly timestamp: string;
  readonly windowSeconds?: number;
  readonly value: string;
}

const defaultWindow = 60_000;

export class MetricsClient {
  readonly #get: RawGet;

  constructor(get: RawGet) {
    this.#get = get;
  }

  /** Usage of a resource by the pods selected; of one container of each, or ('') of all. */
  async resource(
    namespace: string,
    selector: string,
    { resource, container }: { readonly resource: string; readonly container: string },
  ): Promise<PodMetrics> {
    const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods?${query({ labelSelector: selector })}`;
    const items = await this.#items<PodMetricsItem>(path, 'pods.metrics.k8s.io', 'resource');
    const result = new Map<string, PodMetric>();
    for (const item of items) {
      const value = usageOf(item, resource, container);
      if (value === undefined) continue;
      result.set(item.metadata.name, { timestamp: Date.parse(item.timestamp), window: parseGoDuration(item.window), value });
    }
    return result;
  }

  /** A custom metric of the pods selected. */
  async pods(namespace: string, selector: string, metric: MetricName): Promise<PodMetrics> {
    const options = { labelSelector: selector, metricLabelSelector: metric.selector };
    const items = await this.#custom(`namespaces/${namespace}/pods/*/${metric.name}`, options);
    return new Map(
      items.map(({ describedObject, timestamp, windowSeconds, value }) => {
        const window = windowSeconds === undefined ? defaultWindow : windowSeconds * 1000;
        return [describedObject?.name ?? '', { timestamp: Date.parse(timestamp), window, value: parseQuantity(value).milliValue() }];
      }),
    );
  }

  /** A custom metric of one object, in thousandths; `resource` is the object's `RESOURCE.GROUP`. */
  async object(namespace: string, resource: string, about: { readonly name: string; readonly metric: MetricName }): Promise<number> {
    // The name of a Namespace is not looked at: a reference cannot lead out of its own.
    const where = resource === 'namespaces' ? `namespaces/${namespace}/metrics` : `namespaces/${namespace}/${resource}/${about.name}`;
    const [item] = await this.#custom(`${where}/${about.metric.name}`, { metricLabelSelector: about.metric.selector });
    return parseQuantity(item?.value ?? '0').milliValue();
  }

  /** All values of an external metric, in thousandths. */
  async external(namespace: string, { name, selector }: MetricName): Promise<number[]> {
    const path = `/apis/external.metrics.k8s.io/v1beta1/namespaces/${namespace}/${name}?${query({ labelSelector: selector })}`;
    const items = await this.#items<{ readonly value: string }>(path, `${name}.external.metrics.k8s.io`, 'external');
    return items.map(({ value }) => parseQuantity(value).milliValue());
  }

  /** From the newest version that is served. */
  async #custom(path: string, options: Readonly<Record<string, string>>): Promise<readonly MetricValueItem[]> {
    const group = '/apis/custom.metrics.k8s.io';
    const versions = await this.#versions(group);
    const version = ['v1beta2', 'v1beta1'].find((one) => versions.includes(one));
    if (version === undefined) {
      throw new Error('unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered');
    }
    return this.#items<MetricValueItem>(
      `${group}/${version}/${path}?${query(options)}`,
      `${path.split('/')[2] ?? ''}.custom.metrics.k8s.io`,
      'custom',
    );
  }

  async #versions(group: string): Promise<readonly string[]> {
    try {
      const answer = (await this.#get(group)) as { readonly versions?: readonly { readonly version: string }[] };
      return (answer.versions ?? []).map(({ version }) => version);
    } catch (error) {
      if (error instanceof ApiError) return [];
      throw error;
    }
  }

  async #items<T>(path: string, resource: string, api: 'resource' | 'custom' | 'external'): Promise<readonly T[]> {
    let list: { readonly items?: readonly T[] };
    try {
      list = (await this.#get(path)) as typeof list;
    } catch (error) {
      throw new Error(`unable to fetch metrics from ${api} metrics API: ${textOf(error, resource)}`, { cause: error });
    }
    if (list.items === undefined || list.items.length === 0) throw new Error(`no metrics returned from ${api} metrics API`);
    return list.items;
  }
}

/** A custom or external metric; `selector` as text, '' for all. */
export interface MetricName {
  readonly name: string;
  readonly selector: string;
}

function query(options: Readonly<Record<string, string>>): string {
  return new URLSearchParams(Object.entries(options).filter(([, value]) => value !== '')).toString();
}

/** An answer without a Status of its own is worded by the client. */
function textOf(error: unknown, resource: string): string {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  if (error.details?.name !== undefined) return error.message;
  if (error.code === 404) return `the server could not find the requested resource (get ${resource})`;
  return error.code === 503 ? `the server is currently unable to handle the request (get ${resource})` : error.message;
}

/** In thousandths; undefined when a container tells nothing of the resource. */
function usageOf({ containers = [] }: PodMetricsItem, resource: string, container: string): number | undefined {
  const counted = container === '' ? containers : containers.filter(({ name }) => name === container).slice(0, 1);
  if (counted.length === 0) return undefined;
  let sum = 0;
  for (const { usage } of counted) {
    const text = usage?.[resource];
    if (text === undefined) return undefined;
    sum += parseQuantity(text).milliValue();
  }
  return sum;
}
