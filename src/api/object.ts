import type { components } from './generated/types.ts';
import { cloneJson } from './json.ts';

type Schemas = components['schemas'];

/** metadata as a client may send it: everything optional. */
export type ObjectMeta = Schemas['io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'];

/** metadata as the API server answers it: identity is always there. */
export type StoredMeta = ObjectMeta & { name: string; uid: string; resourceVersion: string; creationTimestamp: string };

/** Any object of any kind, read from the API. Objects handed out by caches and clients are deeply frozen. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: StoredMeta;
  [field: string]: unknown;
}

type Present<T, Field extends string> = T extends { [F in Field]?: infer Value } ? { [F in Field]: NonNullable<Value> } : unknown;

/** A schema of the OpenAPI document as it reads from the API: metadata complete, spec and status present. */
export type Kind<T> = Omit<T, 'metadata' | 'spec' | 'status'> & { metadata: StoredMeta } & Present<T, 'spec'> & Present<T, 'status'>;

/** What a client sends to create T: server-filled metadata and status may be missing. */
export type New<T> = Omit<T, 'metadata' | 'status'> & { metadata: ObjectMeta } & (T extends { status: infer Status }
    ? { status?: Status }
    : unknown);

/** `v1` for the core group, `GROUP/VERSION` otherwise. */
export function apiVersionOf(gv: { readonly group: string; readonly version: string }): string {
  return gv.group === '' ? gv.version : `${gv.group}/${gv.version}`;
}

/** The inverse of {@link apiVersionOf}; undefined when the text has more than one slash. */
export function parseApiVersion(text: string): { group: string; version: string } | undefined {
  const parts = text.split('/');
  if (parts.length === 1) return { group: '', version: parts[0] ?? '' };
  if (parts.length === 2) return { group: parts[0] ?? '', version: parts[1] ?? '' };
  return undefined;
}

/** Freezes a JSON value all the way down and returns it. */
export function deepFreeze<T>(value: T): T {
  if (isUnfrozen(value)) freezeAll(value);
  return value;
}

/** Loops and no lists of values: every object that is read from the store passes here. */
function freezeAll(value: object): void {
  Object.freeze(value);
  if (Array.isArray(value)) {
    for (const item of value as readonly unknown[]) if (isUnfrozen(item)) freezeAll(item);
    return;
  }
  const fields = value as Readonly<Record<string, unknown>>;
  for (const name in fields) {
    const item = fields[name];
    if (isUnfrozen(item)) freezeAll(item);
  }
}

function isUnfrozen(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Object.isFrozen(value);
}

/** A private copy of an object that shares its field owners: those are replaced, never changed. */
export function cloneObject<T extends { metadata?: ObjectMeta | StoredMeta }>(object: T): T {
  const managedFields = object.metadata?.managedFields;
  if (managedFields === undefined) return cloneJson(object);
  const { metadata, ...fields } = object;
  const { managedFields: _shared, ...meta } = metadata as ObjectMeta;
  return { ...cloneJson(fields), metadata: { ...cloneJson(meta), managedFields } } as unknown as T;
}
