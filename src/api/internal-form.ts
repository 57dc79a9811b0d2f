/**
 * Values as upstream's internal types hold them. Validation there works on these, so a text that shows more than a scalar shows
 * Go's field names in the order of declaration, with everything that is empty.
 */
import { goJson } from './go-text.ts';
import { lazy } from './schema/lazy.ts';
import { internalTypesText } from './generated/internal-types.ts';
import { emptyFields, saidEmpty } from './schema/said-empty.ts';
import { unifiedDiff } from './unified-diff.ts';

type Value = Readonly<Record<string, unknown>>;

interface InternalField {
  /** '' for a struct that is embedded: its fields count as the outer one's. */
  readonly name: string;
  /** Under which the API has it, in lower case. */
  readonly key: string;
  readonly omitEmpty: boolean;
  readonly pointer: boolean;
  readonly list: boolean;
  readonly map: boolean;
  readonly type: string;
}

const types = lazy(() => {
  const all = JSON.parse(internalTypesText) as Record<string, readonly string[]>;
  return new Map(Object.entries(all).map(([name, lines]) => [name, lines.map(fieldOf)]));
});

function fieldOf(line: string): InternalField {
  const [, name = '', tag, shape = ''] = /^(?:(\w+)(?::(\S+))? )?(\S+)$/.exec(line) ?? [];
  const [tagged = name] = tag?.split(',') ?? [];
  return {
    name: tagged === '' ? name : tagged,
    key: (tagged === '' ? name : tagged).toLowerCase(),
    omitEmpty: tag?.includes('omitempty') ?? false,
    pointer: shape.startsWith('*'),
    list: shape.includes('[]') && !shape.endsWith(']byte'),
    map: shape.includes('map['),
    type: /[\w.]+$/.exec(shape)?.[0] ?? '',
  };
}

/** A value of the API (JSON) as the internal struct `type` (`core.ServicePort`) prints it. */
export function internalForm(type: string, value: object): Record<string, unknown> {
  const form: Record<string, unknown> = {};
  fill(form, type, value as Value);
  return form;
}

/** What upstream appends to a refused change of a struct: a unified diff of both as indented JSON. */
export function internalDiff(type: string, old: object, now: object): string {
  const text = (value: object): string => goJson(internalForm(type, value), 1);
  return unifiedDiff(text(old), text(now));
}

const podSecurityOfSpec = ['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace', 'hostUsers'];

/** Where the API puts something elsewhere than the internal type. */
function aligned(type: string, value: Value): Value {
  if (type !== 'core.PodSpec') return value;
  const moved = Object.fromEntries(podSecurityOfSpec.filter((name) => name in value).map((name) => [name, value[name]]));
  return { ...value, securityContext: { ...(value['securityContext'] as object | undefined), ...moved } };
}

function fill(form: Record<string, unknown>, type: string, given: Value): void {
  const value = aligned(type, given);
  const byKey = new Map(Object.entries(value).map(([name, inner]) => [name.toLowerCase(), inner]));
  const empty = new Map(emptyFields(given).map((name) => [name.toLowerCase(), saidEmpty(given, name)]));
  for (const field of types().get(type) ?? []) {
    if (field.name !== '') {
      const inner = byKey.get(field.key) ?? empty.get(field.key);
      if (inner === undefined && field.omitEmpty) continue;
      form[field.name] = shapeOf(field, inner ?? undefined);
    } else if (field.type === 'metav1.ObjectMeta') Object.assign(form, metadataForm((value['metadata'] ?? {}) as Value));
    else if (field.type !== 'metav1.TypeMeta') fill(form, field.type, value);
  }
}

const metadataOrder = [
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
];

function metadataForm(metadata: Value): Value {
  const form: Record<string, unknown> = {};
  for (const name of metadataOrder) {
    const value = metadata[name];
    if (value === undefined || value === null || value === '') continue;
    form[name] = name === 'labels' || name === 'annotations' ? sorted(value as Value, (inner) => inner) : value;
  }
  return form;
}

function shapeOf({ pointer, list, map, type }: InternalField, value: unknown): unknown {
  if (value === undefined || value === null) return pointer || list || map ? null : zeroOf(type);
  if (list) return (value as unknown[]).map((element) => one(type, element));
  return map ? sorted(value as Value, (element) => one(type, element)) : one(type, value);
}

function one(type: string, value: unknown): unknown {
  if (type === 'metav1.LabelSelector') return selectorForm(value as Value);
  if (typeof value !== 'object' || value === null || !types().has(type)) return value;
  return internalForm(type, value);
}

/** A label selector with its fields in the order of the struct, a map of texts sorted; any other value as it is. */
export function inGoOrder(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Object.keys(value).every((key) => key === 'matchLabels' || key === 'matchExpressions')) return selectorForm(value as Value);
  const isTexts = !Array.isArray(value) && Object.values(value).every((item) => typeof item === 'string');
  return isTexts ? sorted(value as Value, (item) => item) : value;
}

function selectorForm({ matchLabels, matchExpressions }: Value): Value {
  const expressions = matchExpressions as readonly Value[] | undefined;
  return {
    ...(matchLabels === undefined ? {} : { matchLabels: sorted(matchLabels as Value, (inner) => inner) }),
    ...(expressions === undefined
      ? {}
      : {
          matchExpressions: expressions.map(({ key, operator, values }) => ({
            key,
            operator,
            ...(values === undefined ? {} : { values }),
          })),
        }),
  };
}

function sorted(map: Value, inner: (value: unknown) => unknown): Value {
  return Object.fromEntries(
    Object.keys(map)
      .sort()
      .map((key) => [key, inner(map[key])]),
  );
}

function zeroOf(type: string): unknown {
  switch (type) {
    case 'string':
    case 'types.UID':
      return '';
    case 'bool':
      return false;
    case 'resource.Quantity':
      return '0';
    case 'metav1.Time':
    case 'metav1.MicroTime':
    case 'byte':
    case 'runtime.RawExtension':
      return null;
    case 'metav1.LabelSelector':
      return {};
    default:
      return types().has(type) ? internalForm(type, {}) : 0;
  }
}
