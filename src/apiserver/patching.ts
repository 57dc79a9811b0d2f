/** Patches as updaters of the engine: checked once, applied to each state the engine offers. */
import { ApiError, badRequest, notFound } from '../api/errors.ts';
import { invalid, invalidObject, path } from '../api/field-errors.ts';
import { cloneJson, isJsonObject } from '../api/json.ts';
import { apiVersionOf, type KubeObject, parseApiVersion } from '../api/object.ts';
import { keepReset } from '../api/managed-fields/managers.ts';
import { inGoOrderOfPatch } from '../api/go-order.ts';
import { goJson, goPrinted } from '../api/go-text.ts';
import { goKind } from '../api/patch-json.ts';
import { applyPatch, jsonPatchType, mergePatchType, strategicMergePatchType } from '../api/patch.ts';
import { type Decoded, decodeValue, type FieldValidation } from '../api/schema/decode.ts';
import { schemaOfKind } from '../api/schema/facts.ts';
import { fromUnstructured } from '../api/schema/from-unstructured.ts';
import type { Schema } from '../api/schema/schema.ts';
import type { ResourceDefinition } from '../registry/definition.ts';
import type { UpdateRequest } from '../registry/store.ts';
import { type Expected, expectedKind, identityFault, plain } from './decode.ts';

export const applyPatchType = 'application/apply-patch+yaml';
export const patchTypes = [jsonPatchType, mergePatchType, strategicMergePatchType, applyPatchType] as const;

export interface Patch {
  readonly type: string;
  /** The parsed body. */
  readonly body: unknown;
  readonly name: string;
  readonly subresource: string;
  readonly force: boolean;
  readonly validation: FieldValidation;
  /** What is wrong with the patch itself, as warnings say it: keys that are there twice, and the like. */
  readonly faults?: readonly string[];
  warn(text: string): void;
}

/** What of an update a patch decides; the updater's answers are private. */
export function patched(definition: ResourceDefinition, patch: Patch): Pick<UpdateRequest, 'update' | 'apply' | 'forceAllowCreate'> {
  const expected = expectedKind(definition, patch.subresource);
  if (patch.type === applyPatchType) return applied(expected, patch);
  return {
    update: (current) => {
      if (current === undefined) throw notFound(definition, patch.name);
      return patchedObject(current, expected, patch);
    },
  };
}

function applied(expected: Expected, patch: Patch): ReturnType<typeof patched> {
  const config = patch.body ?? {};
  if (!isJsonObject(config)) {
    const why = `json: cannot unmarshal ${goKind(config)} into Go value of type map[string]interface {}`;
    throw badRequest(`error decoding YAML: error unmarshaling JSON: while decoding JSON: ${why}`);
  }
  return {
    apply: { config, force: patch.force },
    update: (merged) => {
      const document = { ...merged };
      if (expected.schema === undefined) return plain(cloneJson(document));
      const { value, error } = decodeValue(document, expected.schema, { mode: 'Ignore' });
      if (error === undefined) return plain(value ?? {});
      const { name = '', namespace = '' } = (config['metadata'] ?? {}) as { name?: string; namespace?: string };
      const kind = `${expected.group}/${expected.version}, Kind=${expected.kind}`;
      const why = `unable to convert unstructured object to ${kind}: error decoding from json: ${error}`;
      throw new ApiError('Unknown', `failed to convert new object (${namespace}/${name}; ${kind}) to proper version: ${why}`);
    },
    ...(patch.subresource === '' ? { forceAllowCreate: true } : {}),
  };
}

/** Field owners are large and seldom what a patch is about: they are left out of its copies, unless it goes wrong and says what it made. */
function patchedObject(current: KubeObject, expected: Expected, patch: Patch): KubeObject {
  const versioned: KubeObject = { kind: expected.kind, apiVersion: apiVersionOf(expected), ...current };
  const { managedFields, ...metadata } = current.metadata;
  const attempt = (from: KubeObject): KubeObject =>
    decoded(applyPatch<Record<string, unknown>>(from, patch, expected.schema), expected, patch);
  if (managedFields === undefined || mayTouchManagers(patch)) return attempt(versioned);
  const isMentioned = mentions(expected, patch);
  const concerned: Record<string, unknown> = {};
  for (const name in versioned) if (isMentioned(name)) concerned[name] = name === 'metadata' ? metadata : versioned[name];
  let made: KubeObject;
  try {
    made = attempt(concerned as KubeObject);
  } catch (error) {
    if (error instanceof ApiError && error.reason === 'Invalid') return attempt(versioned);
    throw error;
  }
  if (!isMentioned('metadata')) made.metadata = cloneJson(metadata);
  made.metadata.managedFields = managedFields;
  const object: Record<string, unknown> = {};
  for (const name in current) if (!isMentioned(name) || name in made) object[name] = name in made ? made[name] : cloneJson(current[name]);
  return Object.assign(object, made);
}

/**
 * Which fields of the object itself a patch may change: the others of a kind that is known need not be patched and read again. What they hold
 * was read as this kind before it was stored.
 */
function mentions({ schema }: Expected, { type, body }: Patch): (field: string) => boolean {
  if (schema === undefined || type === jsonPatchType || !isJsonObject(body)) return () => true;
  const isPlain = !Object.keys(body).some((name) => name === 'kind' || name === 'apiVersion' || name.startsWith('$'));
  return isPlain ? (field) => field in body || field === 'kind' || field === 'apiVersion' : () => true;
}

function mayTouchManagers({ type, body }: Patch): boolean {
  if (type === jsonPatchType) return !Array.isArray(body) || body.some((step: unknown) => !isOutsideManagers(step));
  const metadata = isJsonObject(body) ? body['metadata'] : undefined;
  return isJsonObject(metadata) ? 'managedFields' in metadata || '$patch' in metadata || '$retainKeys' in metadata : metadata !== undefined;
}

function isOutsideManagers(step: unknown): boolean {
  const isOutside = (path: unknown): boolean =>
    path === undefined || (typeof path === 'string' && /^\/(?!metadata(\/managedFields|$))[^~/]/.test(path));
  return isJsonObject(step) && isOutside(step['path']) && isOutside(step['from']);
}

/** The patched document read again as its kind, as apiserver pkg/endpoints/handlers/patch.go does; throws 422. */
function decoded(document: Record<string, unknown>, expected: Expected, patch: Patch): KubeObject {
  const isStrategic = patch.type === strategicMergePatchType;
  // Without a version it is read as nothing at all, without a kind as the kind that it was.
  if (!isStrategic && (document['apiVersion'] ?? '') === '') return { metadata: {} } as KubeObject;
  const { schema } = expected;
  const shown = (): Record<string, unknown> => inGoOrderOfPatch(document, patch, schema);
  const unreadable = (why: string): ApiError =>
    invalidObject({ group: '', kind: '' }, '', [invalid(path('patch'), isStrategic ? goPrinted(patch.body) : goJson(shown()), why)]);
  const fault = isStrategic ? undefined : faultOfKind(document, expected);
  if (fault !== undefined) throw unreadable(fault);
  if (schema === undefined) return plain(document);
  const { value, error, warnings } = isStrategic ? readUntyped(document, schema, patch) : readJson(document, shown, { schema, patch });
  if (error !== undefined) throw unreadable(error);
  if (patch.validation !== 'Ignore') {
    const faults = [...(patch.faults ?? []), ...warnings];
    if (patch.validation === 'Strict' && faults.length > 0) throw unreadable(`strict decoding error: ${faults.join(', ')}`);
    for (const one of faults) patch.warn(one);
  }
  const object = plain(value ?? {});
  keepReset(document, object);
  return object;
}

/** Why it is not of this kind. What has become another kind is read as that first. */
function faultOfKind({ kind, apiVersion, ...fields }: Record<string, unknown>, expected: Expected): string | undefined {
  const isNameless = (kind ?? '') === '';
  const [own, version] = isNameless ? [expected.kind, apiVersionOf(expected)] : [String(kind), String(apiVersion)];
  const fault = identityFault(own, version, expected);
  if (fault === undefined || own === expected.kind) return fault;
  const { group = '', version: name = '' } = parseApiVersion(version) ?? {};
  const other = schemaOfKind(group, name, own);
  return (other === undefined ? undefined : decodeValue(fields, other, { mode: 'Ignore' }).error) ?? fault;
}

interface Reading {
  readonly schema: Schema;
  readonly patch: Patch;
}

const modeOf = ({ validation }: Patch): FieldValidation => (validation === 'Ignore' ? 'Ignore' : 'Warn');

/** Faults are told in the order of the document that Go has made. */
function readJson(document: Record<string, unknown>, shown: () => Record<string, unknown>, { schema, patch }: Reading): Decoded {
  const first = decodeValue(document, schema, { mode: modeOf(patch) });
  return first.warnings.length > 1 || first.error !== undefined ? decodeValue(shown(), schema, { mode: modeOf(patch) }) : first;
}

/** A strategic merge never becomes JSON: faults have other words, and unknown fields come sorted. */
function readUntyped(document: Record<string, unknown>, schema: Schema, patch: Patch): Decoded {
  const first = decodeValue(document, schema, { mode: modeOf(patch) });
  if (first.error === undefined) return first.warnings.length > 1 ? { ...first, warnings: [...first.warnings].sort() } : first;
  const { value, fault } = fromUnstructured(document, schema);
  return fault === undefined ? decodeValue(value, schema, { mode: modeOf(patch) }) : { value: undefined, error: fault, warnings: [] };
}
