/** One metric of an autoscaler: its value, the size it asks for, and what status tells of it (computeReplicasForMetric in horizontal.go). */
import type { AutoscalingV2HorizontalPodAutoscaler as Autoscaler, MetricStatus, MetricSpec, Pod } from '../../api/generated/types.ts';
import { goSelectorText } from '../../api/label-selector.ts';
import { milliQuantity, parseQuantity } from '../../api/quantity.ts';
import { labelSelectorText } from '../../api/selectors.ts';
import { messageOf } from '../shared/pod-control.ts';
import type { MetricsClient } from './metrics.ts';
import type { Proposal, Tolerances } from './replicas.ts';
import { averageReplicas, sharedReplicas, utilizationReplicas, valueReplicas } from './replicas.ts';

export interface EvaluationFacts {
  readonly autoscaler: Autoscaler;
  readonly metrics: MetricsClient;
  /** The target's pods and their selector. */
  readonly pods: readonly Pod[];
  readonly selector: string;
  /** The target's scale: wanted and there. */
  readonly specReplicas: number;
  readonly statusReplicas: number;
  readonly now: number;
  /** `RESOURCE.GROUP` of a kind; throws when there is none. */
  readonly resourceOf: (apiVersion: string, kind: string) => Promise<string>;
}

export interface Evaluation {
  readonly replicas: number;
  /** How the metric is called in events and conditions. */
  readonly name: string;
  readonly status: MetricStatus;
}

/** A metric that could not be had. `message` is the whole story, `why` what the condition tells. */
export class MetricError extends Error {
  override readonly name = 'MetricError';
  readonly reason: string;
  readonly why: string;

  constructor(reason: string, why: string, message: string) {
    super(message);
    this.reason = reason;
    this.why = why;
  }
}

/** Rejects with a {@link MetricError}. */
export async function evaluate(spec: MetricSpec, facts: EvaluationFacts): Promise<Evaluation> {
  switch (spec.type) {
    case 'Resource':
      return resourceMetric(spec, facts);
    case 'ContainerResource':
      return containerMetric(spec, facts);
    case 'Pods':
      return podsMetric(spec, facts);
    case 'Object':
      return objectMetric(spec, facts);
    case 'External':
      return externalMetric(spec, facts);
    default: {
      const message = `unknown metric source type ${JSON.stringify(spec.type)}`;
      throw new MetricError('InvalidMetricSourceType', message, message);
    }
  }
}

/** Runs `read`; what it throws becomes a MetricError. `wrap` is what upstream puts before it in what it returns, but not in the condition. */
async function guarded<T>(texts: { reason: string; outer: string; wrap?: string }, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const why = messageOf(error);
    throw new MetricError(texts.reason, why, `${texts.outer}: ${texts.wrap ?? ''}${why}`);
  }
}

async function prefixed<T>(prefix: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new Error(`${prefix}: ${messageOf(error)}`, { cause: error });
  }
}

const milli = (value: number): string => milliQuantity(Math.round(value)).toString();
const milliOf = (text: string | number): number => parseQuantity(text).milliValue();

function tolerancesOf({ spec }: Autoscaler): Tolerances {
  const tolerance = (text: string | number | undefined): number => (text === undefined ? 0.1 : parseQuantity(text).toNumber());
  return { down: tolerance(spec.behavior?.scaleDown?.tolerance), up: tolerance(spec.behavior?.scaleUp?.tolerance) };
}

function calculation(facts: EvaluationFacts, replicas: number): Parameters<typeof valueReplicas>[2] {
  return { pods: facts.pods, replicas, tolerances: tolerancesOf(facts.autoscaler), now: facts.now };
}

interface ResourceTarget {
  readonly averageUtilization?: number;
  readonly averageValue?: string | number;
}

interface ResourceValue {
  readonly replicas: number;
  readonly current: { readonly averageUtilization?: number; readonly averageValue: string };
  readonly byUtilization: boolean;
}

async function resourceValue(
  target: ResourceTarget,
  about: { resource: string; container: string },
  facts: EvaluationFacts,
): Promise<ResourceValue> {
  const { resource, container } = about;
  const { namespace = '' } = facts.autoscaler.metadata;
  const read = (): ReturnType<MetricsClient['resource']> =>
    prefixed(`unable to get metrics for resource ${resource}`, () => facts.metrics.resource(namespace, facts.selector, about));
  const format = resource === 'memory' ? 'BinarySI' : 'DecimalSI';
  const quantity = ({ usage }: Proposal): string => milliQuantity(usage, format).toString();
  const { averageValue, averageUtilization: percent } = target;
  if (averageValue !== undefined) {
    return prefixed(`failed to get ${resource} usage`, async () => {
      const goal = { value: milliOf(averageValue), resource };
      const proposal = averageReplicas(await read(), goal, calculation(facts, facts.specReplicas));
      return { replicas: proposal.replicas, current: { averageValue: quantity(proposal) }, byUtilization: false };
    });
  }
  if (percent === undefined) {
    throw new Error('invalid resource metric source: neither an average utilization target nor an average value (usage) target was set');
  }
  return prefixed(`failed to get ${resource} utilization`, async () => {
    const proposal = utilizationReplicas(await read(), { percent, resource, container }, calculation(facts, facts.specReplicas));
    const current = { averageUtilization: proposal.utilization ?? 0, averageValue: quantity(proposal) };
    return { replicas: proposal.replicas, current, byUtilization: true };
  });
}

async function resourceMetric({ resource: source }: MetricSpec, facts: EvaluationFacts): Promise<Evaluation> {
  const { name = '', target = { type: '' } } = source ?? {};
  const texts = { reason: 'FailedGetResourceMetric', outer: `failed to get ${name} resource metric value` };
  const value = await guarded(texts, () => resourceValue(target, { resource: name, container: '' }, facts));
  return {
    replicas: value.replicas,
    name: value.byUtilization ? `${name} resource utilization (percentage of request)` : `${name} resource`,
    status: { type: 'Resource', resource: { name, current: value.current } },
  };
}

async function containerMetric({ containerResource: source }: MetricSpec, facts: EvaluationFacts): Promise<Evaluation> {
  const { name = '', container = '', target = { type: '' } } = source ?? {};
  const texts = { reason: 'FailedGetContainerResourceMetric', outer: `failed to get ${container} container metric value` };
  const value = await guarded(texts, () => resourceValue(target, { resource: name, container }, facts));
  return {
    replicas: value.replicas,
    name: value.byUtilization ? `${name} container resource utilization (percentage of request)` : `${name} resource`,
    status: { type: 'ContainerResource', containerResource: { name, container, current: value.current } },
  };
}

async function podsMetric({ pods: source }: MetricSpec, facts: EvaluationFacts): Promise<Evaluation> {
  const { metric = { name: '' }, target } = source ?? {};
  const { namespace = '' } = facts.autoscaler.metadata;
  const proposal = await guarded({ reason: 'FailedGetPodsMetric', outer: 'failed to get pods metric value' }, async () => {
    const identifier = { name: metric.name, selector: labelSelectorText(metric.selector) };
    const values = await prefixed(`unable to get metric ${metric.name}`, () => facts.metrics.pods(namespace, facts.selector, identifier));
    const goal = { value: milliOf(target?.averageValue ?? '0'), resource: '' };
    return averageReplicas(values, goal, calculation(facts, facts.specReplicas));
  });
  const current = { averageValue: milli(proposal.usage) };
  return { replicas: proposal.replicas, name: `pods metric ${metric.name}`, status: { type: 'Pods', pods: { metric, current } } };
}

async function objectMetric({ object: source }: MetricSpec, facts: EvaluationFacts): Promise<Evaluation> {
  if (source === undefined) throw new MetricError('FailedGetObjectMetric', '', '');
  const { describedObject, metric, target } = source;
  const { namespace = '' } = facts.autoscaler.metadata;
  const texts = { reason: 'FailedGetObjectMetric', outer: 'failed to get object metric value' };
  const read = async (): Promise<number> => {
    const { apiVersion = '', kind, name } = describedObject;
    const identifier = { name: metric.name, selector: labelSelectorText(metric.selector) };
    try {
      return await facts.metrics.object(namespace, await facts.resourceOf(apiVersion, kind), { name, metric: identifier });
    } catch (error) {
      // Upstream's own mix-up of what goes where.
      throw new Error(`unable to get metric ${metric.name}: ${kind} on ${namespace} ${name}/${messageOf(error)}`, { cause: error });
    }
  };
  const { value, averageValue } = target;
  if (target.type === 'Value' && value !== undefined) {
    const proposal = await guarded(texts, async () => valueReplicas(await read(), milliOf(value), calculation(facts, facts.specReplicas)));
    const status = { type: 'Object', object: { describedObject, metric, current: { value: milli(proposal.usage) } } };
    return { replicas: proposal.replicas, name: `${describedObject.kind} metric ${metric.name}`, status };
  }
  if (target.type === 'AverageValue' && averageValue !== undefined) {
    const wrap = `failed to get ${metric.name} object metric: `;
    const proposal = await guarded({ ...texts, wrap }, async () =>
      sharedReplicas(await read(), milliOf(averageValue), calculation(facts, facts.statusReplicas)),
    );
    const status = { type: 'Object', object: { describedObject, metric, current: { averageValue: milli(proposal.usage) } } };
    return { replicas: proposal.replicas, name: `external metric ${metric.name}(${goSelectorText(metric.selector)})`, status };
  }
  return guarded(texts, () => {
    throw new Error('invalid object metric source: neither a value target nor an average value target was set');
  });
}

async function externalMetric({ external: source }: MetricSpec, facts: EvaluationFacts): Promise<Evaluation> {
  const { metric = { name: '' }, target = { type: '' } } = source ?? {};
  const { namespace = '' } = facts.autoscaler.metadata;
  const selector = goSelectorText(metric.selector);
  const texts = { reason: 'FailedGetExternalMetric', outer: `failed to get ${metric.name} external metric value` };
  const name = `external metric ${metric.name}(${selector})`;
  const read = async (): Promise<number> => {
    const identifier = { name: metric.name, selector: labelSelectorText(metric.selector) };
    const values = await prefixed(`unable to get external metric ${namespace}/${metric.name}/${selector}`, () =>
      facts.metrics.external(namespace, identifier),
    );
    return values.reduce((sum, value) => sum + value, 0);
  };
  const { value, averageValue } = target;
  if (averageValue !== undefined) {
    const wrap = `failed to get ${metric.name} external metric: `;
    const proposal = await guarded({ ...texts, wrap }, async () =>
      sharedReplicas(await read(), milliOf(averageValue), calculation(facts, facts.statusReplicas)),
    );
    return {
      replicas: proposal.replicas,
      name,
      status: { type: 'External', external: { metric, current: { averageValue: milli(proposal.usage) } } },
    };
  }
  if (value !== undefined) {
    const wrap = `failed to get external metric ${metric.name}: `;
    const proposal = await guarded({ ...texts, wrap }, async () =>
      valueReplicas(await read(), milliOf(value), calculation(facts, facts.specReplicas)),
    );
    return {
      replicas: proposal.replicas,
      name,
      status: { type: 'External', external: { metric, current: { value: milli(proposal.usage) } } },
    };
  }
  return guarded(texts, () => {
    throw new Error('invalid external metric source: neither a value target nor an average value target was set');
  });
}
