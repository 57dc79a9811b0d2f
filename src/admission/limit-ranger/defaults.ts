/** Requests and limits that containers get from a LimitRange when they name none. */
import type { Container, LimitRange, Pod } from '../../api/generated/types.ts';
import { entryOf } from '../../api/entry-of.ts';

const annotation = 'kubernetes.io/limit-ranger';

/** Fills in, and notes in an annotation what. */
export function applyDefaults(range: LimitRange, pod: Pod): void {
  const { spec } = pod;
  if (spec === undefined) return;
  const requests: Record<string, string> = {};
  const limits: Record<string, string> = {};
  for (const limit of range.spec?.limits ?? []) {
    if (limit.type !== 'Container') continue;
    Object.assign(requests, limit.defaultRequest);
    Object.assign(limits, limit.default);
  }
  const notes = [
    ...spec.containers.flatMap((container) => fill(container, { requests, limits }, 'container')),
    ...(spec.initContainers ?? []).flatMap((container) => fill(container, { requests, limits }, 'init container')),
  ];
  if (notes.length === 0) return;
  pod.metadata.annotations = { ...pod.metadata.annotations, [annotation]: `LimitRanger plugin set: ${notes.join('; ')}` };
}

interface Defaults {
  readonly requests: Readonly<Record<string, string>>;
  readonly limits: Readonly<Record<string, string>>;
}

function fill(container: Container, { requests, limits }: Defaults, kind: string): string[] {
  const requested = missing(requests, container.resources?.requests);
  const limited = missing(limits, container.resources?.limits);
  if (requested.length + limited.length === 0) return [];
  container.resources = { ...container.resources };
  if (requested.length > 0) container.resources.requests = { ...requests, ...container.resources.requests };
  if (limited.length > 0) container.resources.limits = { ...limits, ...container.resources.limits };
  return [
    ...(requested.length === 0 ? [] : [`${requested.join(', ')} request for ${kind} ${container.name}`]),
    ...(limited.length === 0 ? [] : [`${limited.join(', ')} limit for ${kind} ${container.name}`]),
  ];
}

function missing(defaults: Readonly<Record<string, string>>, given: Readonly<Record<string, unknown>> = {}): string[] {
  return Object.keys(defaults)
    .filter((name) => entryOf(given, name) === undefined)
    .sort();
}
