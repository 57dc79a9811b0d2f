/**
 * Metrics as autoscaling/v1 writes them into annotations: with one field for each number, in the order of Go's structs.
 * The Convert functions of pkg/apis/autoscaling/v1/conversion.go.
 */
import type { AutoscalingV2HorizontalPodAutoscaler as V2 } from '../../../api/generated/types.ts';

export type Metric = NonNullable<V2['spec']['metrics']>[number];
export type MetricStatus = NonNullable<V2['status']['currentMetrics']>[number];
type Target = NonNullable<Metric['resource']>['target'];
type Current = NonNullable<MetricStatus['resource']>['current'];
type Reference = NonNullable<Metric['object']>['describedObject'];
type Identifier = NonNullable<Metric['pods']>['metric'];
/** A struct of v1; what is undefined is left out. */
type Fields = Readonly<Record<string, unknown>>;

const kinds = ['object', 'pods', 'resource', 'containerResource', 'external'] as const;
type Kind = (typeof kinds)[number];

const referenceText = ({ kind, name, apiVersion }: Reference): Fields => ({ kind, name, apiVersion: apiVersion || undefined });

/** A metric's target in v1's form. */
export function metricToV1(metric: Metric): Fields {
  const { object, pods, resource, containerResource, external } = metric;
  return {
    type: metric.type,
    object: object && {
      target: referenceText(object.describedObject),
      metricName: object.metric.name,
      targetValue: object.target.value ?? '0',
      selector: object.metric.selector,
      averageValue: object.target.averageValue,
    },
    pods: pods && { metricName: pods.metric.name, targetAverageValue: pods.target.averageValue ?? '0', selector: pods.metric.selector },
    resource: resource && { name: resource.name, ...averages(resource.target) },
    containerResource: containerResource && {
      name: containerResource.name,
      ...averages(containerResource.target),
      container: containerResource.container,
    },
    external: external && {
      metricName: external.metric.name,
      metricSelector: external.metric.selector,
      targetValue: external.target.value,
      targetAverageValue: external.target.averageValue,
    },
  };
}

const averages = ({ averageUtilization, averageValue }: Target): Fields => ({
  targetAverageUtilization: averageUtilization,
  targetAverageValue: averageValue,
});

/** What a metric was in v1's form. */
export function statusToV1(metric: MetricStatus): Fields {
  const { object, pods, resource, containerResource, external } = metric;
  const currents = ({ averageUtilization, averageValue = '0' }: Current): Fields => ({
    currentAverageUtilization: averageUtilization,
    currentAverageValue: averageValue,
  });
  return {
    type: metric.type,
    object: object && {
      target: referenceText(object.describedObject),
      metricName: object.metric.name,
      currentValue: object.current.value ?? '0',
      selector: object.metric.selector,
      averageValue: object.current.averageValue,
    },
    pods: pods && { metricName: pods.metric.name, currentAverageValue: pods.current.averageValue ?? '0', selector: pods.metric.selector },
    resource: resource && { name: resource.name, ...currents(resource.current) },
    containerResource: containerResource && {
      name: containerResource.name,
      ...currents(containerResource.current),
      container: containerResource.container,
    },
    external: external && {
      metricName: external.metric.name,
      metricSelector: external.metric.selector,
      currentValue: external.current.value ?? '0',
      currentAverageValue: external.current.averageValue,
    },
  };
}

const object = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

function identifier({ metricName, selector, metricSelector }: Fields): Identifier {
  const chosen = (selector ?? metricSelector) as Identifier['selector'];
  return { name: text(metricName), ...(chosen === undefined ? {} : { selector: chosen }) };
}

/** Without what is undefined. */
function given<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null)) as T;
}

function referenceOf(value: unknown): Reference {
  const { kind, name, apiVersion } = object(value);
  return { kind: text(kind), name: text(name), ...(text(apiVersion) === '' ? {} : { apiVersion: text(apiVersion) }) };
}

const targets: Readonly<Record<Kind, (source: Fields) => Fields>> = {
  object(source) {
    const { targetValue = '0', averageValue } = source;
    const isZero = targetValue === '0' || targetValue === 0;
    const target = { type: averageValue === undefined ? 'Value' : 'AverageValue', averageValue };
    const value = averageValue !== undefined && isZero ? undefined : targetValue;
    return { describedObject: referenceOf(source['target']), metric: identifier(source), target: given({ ...target, value }) };
  },
  pods: (source) => ({ metric: identifier(source), target: { type: 'AverageValue', averageValue: source['targetAverageValue'] ?? '0' } }),
  resource: (source) => ({ name: text(source['name']), target: averageTarget(source) }),
  containerResource: (source) => ({ name: text(source['name']), target: averageTarget(source), container: text(source['container']) }),
  external(source) {
    const { targetValue: value, targetAverageValue: averageValue } = source;
    return { metric: identifier(source), target: given({ type: value === undefined ? 'AverageValue' : 'Value', value, averageValue }) };
  },
};

function averageTarget({ targetAverageUtilization: averageUtilization, targetAverageValue: averageValue }: Fields): Fields {
  return given({ type: averageUtilization === undefined ? 'AverageValue' : 'Utilization', averageValue, averageUtilization });
}

const currents: Readonly<Record<Kind, (source: Fields) => Fields>> = {
  object: (source) => ({
    describedObject: referenceOf(source['target']),
    metric: identifier(source),
    current: valueCurrent(source['currentValue'], source['averageValue']),
  }),
  pods: (source) => ({ metric: identifier(source), current: { averageValue: source['currentAverageValue'] ?? '0' } }),
  resource: (source) => ({ name: text(source['name']), current: averageCurrent(source) }),
  containerResource: (source) => ({ name: text(source['name']), current: averageCurrent(source), container: text(source['container']) }),
  external: (source) => ({
    metric: identifier(source),
    current: valueCurrent(source['currentValue'], source['currentAverageValue']),
  }),
};

/** v1 writes a zero for what v2 leaves out beside an average. */
function valueCurrent(value: unknown, averageValue: unknown): Fields {
  const isLeftOut = averageValue !== undefined && (value ?? '0') === '0';
  return given({ value: isLeftOut ? undefined : (value ?? '0'), averageValue });
}

function averageCurrent({ currentAverageUtilization: averageUtilization, currentAverageValue: averageValue = '0' }: Fields): Fields {
  return given({ averageValue, averageUtilization });
}

function converted(metric: unknown, parts: Readonly<Record<Kind, (source: Fields) => Fields>>): Fields {
  const source = object(metric);
  const found = kinds.filter((kind) => source[kind] !== undefined && source[kind] !== null);
  return { type: text(source['type']), ...Object.fromEntries(found.map((kind) => [kind, parts[kind](object(source[kind]))])) };
}

export const metricFromV1 = (metric: unknown): Metric => converted(metric, targets) as unknown as Metric;
export const statusFromV1 = (metric: unknown): MetricStatus => converted(metric, currents) as unknown as MetricStatus;
