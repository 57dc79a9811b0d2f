/** Server-side tables (meta.k8s.io Table) and objects cut down to their metadata. */
import { badRequest } from '../api/errors.ts';
import { apiVersionOf, type KubeObject } from '../api/object.ts';
import { columnDescription } from '../api/schema/columns.ts';
import type { Column, ResourceDefinition } from '../registry/definition.ts';
import type { Entry } from '../registry/store.ts';

export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** Throws 400 for a value upstream does not know either. */
export function includeObjectOf(query: URLSearchParams): IncludeObject {
  const value = query.get('includeObject') ?? '';
  if (value === '') return 'Metadata';
  if (value === 'None' || value === 'Metadata' || value === 'Object') return value;
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(value)}: must be 'Metadata', 'Object', 'None', or empty`,
  );
}

interface ColumnDefinition {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
}

export interface Table {
  readonly kind: 'Table';
  readonly apiVersion: string;
  readonly metadata: Record<string, unknown>;
  readonly columnDefinitions: readonly ColumnDefinition[] | null;
  readonly rows: readonly unknown[];
}

export interface TableOptions {
  readonly definition: ResourceDefinition;
  /** v1 or v1beta1. */
  readonly version: string;
  readonly includeObject: IncludeObject;
  /** Milliseconds since the epoch, for ages. */
  readonly now: number;
  /** Watches send the columns with the first event only. */
  readonly headers: boolean;
}

export function tableOf(objects: readonly KubeObject[], metadata: Record<string, unknown>, options: TableOptions): Table {
  const columns = columnsOf(options.definition);
  const extra = options.definition.extraCells ?? [];
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${options.version}`,
    metadata,
    columnDefinitions: options.headers ? columns.map((column) => shownColumn(column, options.definition)) : null,
    rows: objects.map((object) => ({
      cells: [...columns, ...extra].map((column) => column.value(object, options.now)),
      object: included(object, options),
    })),
  };
}

export function tableOfEntries(entries: readonly Entry[], metadata: Record<string, unknown>, options: TableOptions): Table {
  return tableOf(
    entries.map((entry) => entry.object),
    metadata,
    options,
  );
}

function included(object: KubeObject, { definition, includeObject, version }: TableOptions): unknown {
  if (includeObject === 'None') return null;
  if (includeObject === 'Object') return { kind: definition.kind, apiVersion: apiVersionOf(definition), ...object };
  return partialOf(object, version, definition);
}

/** PartialObjectMetadata of an object. */
export function partialOf({ metadata }: KubeObject, version: string, { hiddenAnnotation }: ResourceDefinition): KubeObject {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata: without(metadata, hiddenAnnotation) };
}

function without(metadata: KubeObject['metadata'], annotation: string | undefined): KubeObject['metadata'] {
  if (annotation === undefined || metadata.annotations?.[annotation] === undefined) return metadata;
  const { annotations, ...rest } = metadata;
  const others = Object.entries(annotations ?? {}).filter(([name]) => name !== annotation);
  return others.length === 0 ? rest : { ...rest, annotations: Object.fromEntries(others) };
}

/** Kinds without columns of their own show name and age (apiserver pkg/registry/rest/table.go). */
const defaultColumns: readonly Column[] = [
  {
    name: 'Name',
    type: 'string',
    format: 'name',
    value: (object) => object.metadata.name,
  },
  {
    name: 'Created At',
    type: 'date',
    value: (object) => object.metadata.creationTimestamp,
  },
];

function columnsOf({ columns }: ResourceDefinition): readonly Column[] {
  return columns.length === 0 ? defaultColumns : columns;
}

function shownColumn({ name, type, format = '', description, priority = 0 }: Column, { kind }: ResourceDefinition): ColumnDefinition {
  return { name, type, format, description: description ?? columnDescription(kind, name), priority };
}
