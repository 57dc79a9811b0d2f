/** Cells that many kinds' tables share. pkg/printers/internalversion/printers.go. */
import { humanDuration } from '../../api/duration.ts';
import type { Container, LabelSelector } from '../../api/generated/types.ts';
import { goSelectorText } from '../../api/label-selector.ts';
import type { KubeObject } from '../../api/object.ts';
import type { Column } from '../../registry/definition.ts';

export interface Named {
  metadata: KubeObject['metadata'];
}

type Cell = string | number | boolean | null;

/** A text column that is always shown. */
export function text<T>(title: string, value: (object: T, now: number) => Cell): Column<T> {
  return { name: title, type: 'string', value };
}

/** A whole number that is always shown; absent counts as 0. */
export function integer<T>(title: string, value: (object: T) => number | undefined): Column<T> {
  return { name: title, type: 'integer', value: (object) => value(object) ?? 0 };
}

export function boolean<T>(title: string, value: (object: T) => boolean): Column<T> {
  return { name: title, type: 'boolean', value };
}

/** A text column shown with `-o wide` only. */
export function wide<T>(title: string, value: (object: T, now: number) => Cell): Column<T> {
  return { name: title, type: 'string', priority: 1, value };
}

/** The object's name, nearly always the first column. */
export const name: Column<Named> = { name: 'Name', type: 'string', format: 'name', value: (object) => object.metadata.name };

/** Time since creation. */
export const age: Column<Named> = text('Age', (object, now) => since(object.metadata.creationTimestamp, now));

export const nameAndAge: readonly Column<Named>[] = [name, age];

/** The time from an RFC 3339 instant to now; `<unknown>` when it is not set. */
export function since(instant: string | null | undefined, now: number): string {
  return instant === undefined || instant === null || instant === '' ? '<unknown>' : humanDuration(now - Date.parse(instant));
}

/** Names, images and selector of a workload's template, for `-o wide`. */
export function containerColumns<T>(containers: (object: T) => readonly Container[] | undefined): Column<T>[] {
  return [
    wide('Containers', (object) => (containers(object) ?? []).map((container) => container.name).join(',')),
    wide('Images', (object) => (containers(object) ?? []).map((container) => container.image ?? '').join(',')),
  ];
}

export function selectorColumn<T>(selector: (object: T) => LabelSelector | undefined): Column<T> {
  return wide('Selector', (object) => formatLabelSelector(selector(object)));
}

/** `a=b,c=d` in the order of keys, `<none>` without labels. */
export function formatLabels(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? '<none>' : pairs.sort().join(',');
}

/** A label selector as query text; `<none>` when it selects everything. */
export function formatLabelSelector(selector: LabelSelector | undefined): string {
  const query = labelSelectorQuery(selector);
  return query === '' ? '<none>' : query;
}

/** A label selector as query text, requirements in the order of their keys (apimachinery labels.Selector.String). */
export function labelSelectorQuery(selector: LabelSelector | undefined): string {
  const requirements = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => ({ key, query: `${key}=${value}` }));
  for (const { key, operator, values = [] } of selector?.matchExpressions ?? []) {
    const list = [...values].sort().join(',');
    const queries: Record<string, string> = {
      In: `${key} in (${list})`,
      NotIn: `${key} notin (${list})`,
      Exists: key,
      DoesNotExist: `!${key}`,
    };
    requirements.push({ key, query: queries[operator] ?? '<error>' });
  }
  return requirements
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map((requirement) => requirement.query)
    .join(',');
}

/** What a policy binding takes its parameters from. */
export function paramRefText(paramRef: { name?: string; namespace?: string; selector?: LabelSelector } | undefined): string {
  if ((paramRef?.name ?? '') !== '') return `${paramRef?.namespace || '*'}/${paramRef?.name ?? ''}`;
  return paramRef?.selector === undefined ? '<unset>' : goSelectorText(paramRef.selector);
}

/** The first three of a list and how many more there are. */
export function firstThree(list: readonly string[], none: string): string {
  if (list.length === 0) return none;
  const shown = list.slice(0, 3).join(',');
  return list.length > 3 ? `${shown} + ${String(list.length - 3)} more...` : shown;
}

const modes: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

/** `RWO,ROX`: in this order whatever the object's is, each once. */
export function accessModes(list: readonly string[] | undefined): string {
  return Object.entries(modes)
    .filter(([mode]) => list?.includes(mode))
    .map(([, short]) => short)
    .join(',');
}
