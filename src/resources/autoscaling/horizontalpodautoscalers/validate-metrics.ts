/** What an autoscaler scales by. validateMetrics of pkg/apis/autoscaling/validation. */
import type { AutoscalingV2HorizontalPodAutoscaler as HorizontalPodAutoscaler } from '../../../api/generated/types.ts';
import { forbiddenField, invalid, notSupported, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { dns1123LabelFaults, pathSegmentFaults, qualifiedNameFaults } from '../../../api/names.ts';
import { parseQuantity } from '../../../api/quantity.ts';
import { checked } from '../../shared/names.ts';
import { referenceErrors } from './validate-reference.ts';

type Metric = NonNullable<HorizontalPodAutoscaler['spec']['metrics']>[number];
type Target = NonNullable<Metric['resource']>['target'];

const fieldOfType: Readonly<Record<string, 'object' | 'pods' | 'resource' | 'external' | 'containerResource'>> = {
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
  External: 'external',
  ContainerResource: 'containerResource',
};
const types = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];
const sources = ['object', 'external', 'pods', 'resource', 'containerResource'] as const;

export function metricsErrors(metrics: readonly Metric[], at: Path, minReplicas: number | undefined): FieldError[] {
  const faults = metrics.flatMap((metric, index) => metricErrors(metric, at.index(index)));
  if (minReplicas !== 0 || metrics.some(({ type }) => type === 'Object' || type === 'External')) return faults;
  const why = 'must specify at least one Object or External metric to support scaling to zero replicas';
  return [...faults, forbiddenField(at, why)];
}

function metricErrors(metric: Metric, at: Path): FieldError[] {
  const faults: FieldError[] = [];
  const { type } = metric;
  if (type === '') faults.push(required(at.child('type'), 'must specify a metric source type'));
  if (!types.includes(type)) faults.push(notSupported(at.child('type'), type, types));
  const present = sources.filter((source) => metric[source] !== undefined);
  const [first] = present;
  if (first !== undefined) faults.push(...sourceErrors(metric, first, at.child(first)));
  const expected = fieldOfType[type];
  if (expected === undefined) faults.push(notSupported(at.child('type'), type, types));
  else if (metric[expected] === undefined)
    faults.push(required(at.child(expected), 'must populate information for the given metric source'));
  if (present.length === 1) return faults;
  const others = present.filter((source) => source !== expected);
  return [...faults, ...others.map((source) => forbiddenField(at.child(source), 'must populate the given metric source only'))];
}

function sourceErrors(metric: Metric, source: (typeof sources)[number], at: Path): FieldError[] {
  const { object, external, pods, resource, containerResource } = metric;
  if (source === 'object' && object !== undefined) {
    const { target } = object;
    const missing = target.value === undefined && target.averageValue === undefined;
    return [
      ...referenceErrors(object.describedObject, at.child('describedObject'), true),
      ...metricNameErrors(object.metric.name, at),
      ...targetErrors(target, at.child('target')),
      ...(missing ? [required(at.child('target', 'averageValue'), 'must set either a target value or averageValue')] : []),
    ];
  }
  if (source === 'external' && external !== undefined) return externalErrors(external, at);
  if (source === 'pods' && pods !== undefined) {
    return [
      ...metricNameErrors(pods.metric.name, at),
      ...targetErrors(pods.target, at.child('target')),
      ...(pods.target.averageValue === undefined
        ? [required(at.child('target', 'averageValue'), 'must specify a positive target averageValue')]
        : []),
    ];
  }
  if (source === 'containerResource' && containerResource !== undefined) {
    const { name, container, target } = containerResource;
    return [
      ...(name === ''
        ? [required(at.child('name'), 'must specify a resource name')]
        : checked(at.child('name'), name, qualifiedNameFaults)),
      ...(container === ''
        ? [required(at.child('container'), 'must specify a container')]
        : checked(at.child('container'), container, dns1123LabelFaults)),
      ...resourceTargetErrors(target, at.child('target')),
    ];
  }
  if (resource === undefined) return [];
  return [
    ...(resource.name === '' ? [required(at.child('name'), 'must specify a resource name')] : []),
    ...resourceTargetErrors(resource.target, at.child('target')),
  ];
}

function externalErrors({ metric, target }: NonNullable<Metric['external']>, at: Path): FieldError[] {
  const own = at.child('target');
  const [total, each] = [target.value !== undefined, target.averageValue !== undefined];
  return [
    ...metricNameErrors(metric.name, at),
    ...targetErrors(target, own),
    ...(!total && !each ? [required(own.child('averageValue'), 'must set either a target value for metric or a per-pod target')] : []),
    ...(total && each ? [forbiddenField(own.child('value'), 'may not set both a target value for metric and a per-pod target')] : []),
  ];
}

function metricNameErrors(name: string, at: Path): FieldError[] {
  const field = at.child('metric', 'name');
  return name === '' ? [required(field, 'must specify a metric name')] : checked(field, name, (text) => pathSegmentFaults(text));
}

function resourceTargetErrors(target: Target, at: Path): FieldError[] {
  const [share, raw] = [target.averageUtilization !== undefined, target.averageValue !== undefined];
  const both = 'may not set both a target raw value and a target utilization';
  return [
    ...targetErrors(target, at),
    ...(!share && !raw ? [required(at.child('averageUtilization'), 'must set either a target raw value or a target utilization')] : []),
    ...(share && raw ? [forbiddenField(at.child('averageValue'), both)] : []),
  ];
}

function targetErrors({ type, value, averageValue, averageUtilization }: Target, at: Path): FieldError[] {
  const positive = (field: string, amount: string | number | undefined): FieldError[] =>
    amount === undefined || parseQuantity(amount).sign > 0 ? [] : [invalid(at.child(field), amount, 'must be positive')];
  return [
    ...(type === '' ? [required(at.child('type'), 'must specify a metric target type')] : []),
    ...(['Utilization', 'Value', 'AverageValue'].includes(type)
      ? []
      : [invalid(at.child('type'), type, 'must be either Utilization, Value, or AverageValue')]),
    ...positive('value', value),
    ...positive('averageValue', averageValue),
    ...(averageUtilization !== undefined && averageUtilization < 1
      ? [invalid(at.child('averageUtilization'), averageUtilization, 'must be greater than 0')]
      : []),
  ];
}
