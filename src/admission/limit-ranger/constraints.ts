/** The rules of a LimitRange as sentences about what breaks them (plugin/pkg/admission/limitranger). */
import type { LimitRange, PersistentVolumeClaim, PodSpec } from '../../api/generated/types.ts';
import { type Amounts, parseAmounts, podLimits, podRequests } from '../../api/pod-resources.ts';
import { parseQuantity, type Quantity } from '../../api/quantity.ts';

type Limit = NonNullable<LimitRange['spec']>['limits'][number];

/** One thing that is measured: a container, a pod, a claim. */
interface Measured {
  readonly kind: string;
  readonly requests: Amounts;
  readonly limits: Amounts;
}

export function podFaults(range: LimitRange, spec: PodSpec): string[] {
  return (range.spec?.limits ?? []).flatMap((limit) => {
    if (limit.type === 'Container') {
      const containers = [...spec.containers, ...(spec.initContainers ?? [])];
      return containers.flatMap(({ resources }) =>
        faults(limit, { kind: 'Container', requests: parseAmounts(resources?.requests), limits: parseAmounts(resources?.limits) }),
      );
    }
    return limit.type === 'Pod' ? faults(limit, { kind: 'Pod', requests: podRequests(spec), limits: podLimits(spec) }) : [];
  });
}

/** Claims have requests only. */
export function claimFaults(range: LimitRange, claim: PersistentVolumeClaim): string[] {
  const measured = { kind: 'PersistentVolumeClaim', requests: parseAmounts(claim.spec?.resources?.requests), limits: new Map() };
  return (range.spec?.limits ?? []).flatMap((limit) => {
    if (limit.type !== 'PersistentVolumeClaim') return [];
    return [
      ...each(limit.min, (name, bound) => minimum(measured, name, bound)),
      ...each(limit.max, (name, bound) => maximumRequest(measured, name, bound)),
    ];
  });
}

function faults(limit: Limit, measured: Measured): string[] {
  return [
    ...each(limit.min, (name, bound) => minimum(measured, name, bound)),
    ...each(limit.max, (name, bound) => maximum(measured, name, bound)),
    ...each(limit.maxLimitRequestRatio, (name, bound) => ratio(measured, name, bound)),
  ];
}

function each(bounds: Limit['min'], check: (name: string, bound: Quantity) => string | undefined): string[] {
  return Object.entries(bounds ?? {}).flatMap(([name, text]) => check(name, parseQuantity(text)) ?? []);
}

function minimum({ kind, requests, limits }: Measured, name: string, bound: Quantity): string | undefined {
  const rule = `minimum ${name} usage per ${kind} is ${bound.toString()}`;
  const request = requests.get(name);
  const limit = limits.get(name);
  if (request === undefined) return `${rule}.  No request is specified`;
  if (request.compare(bound) < 0) return `${rule}, but request is ${request.toString()}`;
  return limit !== undefined && limit.compare(bound) < 0 ? `${rule}, but limit is ${limit.toString()}` : undefined;
}

function maximum({ kind, requests, limits }: Measured, name: string, bound: Quantity): string | undefined {
  const rule = `maximum ${name} usage per ${kind} is ${bound.toString()}`;
  const request = requests.get(name);
  const limit = limits.get(name);
  if (limit === undefined) return `${rule}.  No limit is specified`;
  if (limit.compare(bound) > 0) return `${rule}, but limit is ${limit.toString()}`;
  return request !== undefined && request.compare(bound) > 0 ? `${rule}, but request is ${request.toString()}` : undefined;
}

function maximumRequest({ kind, requests }: Measured, name: string, bound: Quantity): string | undefined {
  const rule = `maximum ${name} usage per ${kind} is ${bound.toString()}`;
  const request = requests.get(name);
  if (request === undefined) return `${rule}.  No request is specified`;
  return request.compare(bound) > 0 ? `${rule}, but request is ${request.toString()}` : undefined;
}

function ratio({ kind, requests, limits }: Measured, name: string, bound: Quantity): string | undefined {
  const rule = `${name} max limit to request ratio per ${kind} is ${bound.toString()}`;
  const request = requests.get(name);
  const limit = limits.get(name);
  if (request === undefined || request.isZero) return `${rule}, but no request is specified or request is 0`;
  if (limit === undefined || limit.isZero) return `${rule}, but no limit is specified or limit is 0`;
  const provided = limit.toNumber() / request.toNumber();
  return provided > bound.toNumber() ? `${rule}, but provided ratio is ${provided.toFixed(6)}` : undefined;
}
