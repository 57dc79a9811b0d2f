/**
 * Strategic merge patches: merge patches that know which lists are maps (apimachinery pkg/util/strategicpatch/patch.go).
 * Directives: $patch (replace, delete, merge), $retainKeys, $deleteFromPrimitiveList/FIELD, $setElementOrder/FIELD.
 */
import { ApiError, badRequest } from './errors.ts';
import { cloneJson, isJsonObject } from './json.ts';
import { goPrinted } from './go-text.ts';
import { goKind, rejected } from './patch-json.ts';
import { mergeOrder, type Identity } from './patch-strategic-order.ts';
import { child, type Field, type Schema } from './schema/schema.ts';

type JsonMap = Record<string, unknown>;

const marker = '$patch';
const retainKeys = '$retainKeys';
const deleteFromList = '$deleteFromPrimitiveList';
const elementOrder = '$setElementOrder';

/** A patched copy. Throws 400 for malformed directives, 422 for lists of lists, 500 where upstream does. */
export function applyStrategicMergePatch(document: unknown, patch: unknown, schema: Schema): unknown {
  if (patch === null) return cloneJson(document);
  if (!isJsonObject(patch)) throw badRequest(`json: cannot unmarshal ${goKind(patch)} into Go value of type map[string]interface {}`);
  return mergeMaps(cloneJson(document) as JsonMap, cloneJson(patch), schema);
}

/** Both maps are private and used up. */
function mergeMaps(original: JsonMap, patch: JsonMap, schema: Schema | undefined): JsonMap {
  if (marker in patch) return directed(patch);
  applyRetainKeys(original, patch);
  applyElementOrders(original, patch, schema);
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(deleteFromList)) removeFromList(original, fieldOf(key, deleteFromList), value);
    else if (value === null) delete original[key];
    else mergeField(original, key, value, schema);
  }
  return original;
}

function directed(patch: JsonMap): JsonMap {
  const { [marker]: directive, ...rest } = patch;
  if (directive === 'replace') return rest;
  if (directive === 'delete') return {};
  throw failure(`unknown patch type: ${goPrinted(directive)} in map: ${goPrinted(patch)}`);
}

function mergeField(original: JsonMap, key: string, value: unknown, schema: Schema | undefined): void {
  const current = original[key];
  if (isJsonObject(current) && isJsonObject(value)) {
    const field = lookup(schema, key);
    original[key] = strategyOf(field) === 'replace' ? value : mergeMaps(current, value, schemaUnder(schema, key));
  } else if (Array.isArray(current) && Array.isArray(value)) {
    original[key] = mergeLists(current, value, listRules(schema, key));
  } else setNew(original, key, value);
}

/** A value that has no counterpart: directives and nulls inside it have nothing to work on. */
function setNew(original: JsonMap, key: string, value: unknown): void {
  const kept = withoutDirectives(withoutNulls(value));
  if (kept === undefined) delete original[key];
  else original[key] = kept;
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, item]) => (item === null ? [] : [[key, withoutNulls(item)]])));
}

/** Undefined when the value itself is a directive. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((item) => item !== undefined);
  if (!isJsonObject(value)) return value;
  if (marker in value) return undefined;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, item]): [string, unknown] => [key, withoutDirectives(item)])
      .filter(([, item]) => item !== undefined),
  );
}

function applyRetainKeys(original: JsonMap, patch: JsonMap): void {
  if (!(retainKeys in patch)) return;
  const keep = patch[retainKeys];
  delete patch[retainKeys];
  if (!Array.isArray(keep)) throw badRequest('invalid patch format of retainKeys');
  const names = new Set<unknown>(keep);
  for (const [key, value] of Object.entries(patch)) {
    const exempt = value === null || key.startsWith(deleteFromList) || key.startsWith(elementOrder);
    if (!exempt && !names.has(key)) throw badRequest('invalid patch format of retainKeys');
  }
  for (const key of Object.keys(original)) if (!names.has(key)) delete original[key];
}

/** Merges and orders every list that has a $setElementOrder; what it has dealt with is gone from the patch. */
function applyElementOrders(original: JsonMap, patch: JsonMap, schema: Schema | undefined): void {
  for (const [directive, order] of Object.entries(patch)) {
    if (!directive.startsWith(elementOrder)) continue;
    delete patch[directive];
    const key = fieldOf(directive, elementOrder);
    const orderList = listOr(order, []);
    const current = original[key];
    const change = patch[key];
    const rules = listRules(schema, key);
    checkOrder(listOr(change, []), orderList, rules);
    if (current === undefined && change === undefined) continue;
    if (listOr(current, []).length + listOr(change, []).length === 0) throw failure('no elements in any of the given slices');
    const merged = mergedForOrder(listOr(current, undefined), listOr(change, undefined), rules);
    original[key] = mergeOrder({ merged, order: orderList, serverOrder: listOr(current, []), identity: identityOf(merged, rules) });
    delete patch[key];
  }
}

function mergedForOrder(current: unknown[] | undefined, change: unknown[] | undefined, rules: ListRules): unknown[] {
  if (change === undefined) return current ?? [];
  return current === undefined ? (withoutDirectives(change) as unknown[]) : mergeLists(current, change, rules);
}

function listOr<T>(value: unknown, otherwise: T): unknown[] | T {
  if (value === undefined || value === null) return otherwise;
  if (!Array.isArray(value)) throw failure(`expected a []interface {}, but received a ${goTypeName(value)}`);
  return value as unknown[];
}

/** The elements of the patch must come in the order that the directive gives. */
function checkOrder(change: readonly unknown[], order: readonly unknown[], rules: ListRules): void {
  if (order.length === 0 || change.length === 0) return;
  const identity = identityOf([...change, ...order], rules);
  const listed = change.filter((item) => !(isJsonObject(item) && marker in item));
  let at = 0;
  for (const item of order) if (at < listed.length && identity(listed[at]) === identity(item)) at++;
  if (at < listed.length)
    throw failure(`The order in patch list:\n${goPrinted(change)}\n doesn't match $setElementOrder list:\n${goPrinted(order)}\n`);
}

interface ListRules {
  readonly merges: boolean;
  readonly key: string | undefined;
  readonly items: Schema | undefined;
}

function listRules(schema: Schema | undefined, key: string): ListRules {
  const field = lookup(schema, key);
  return { merges: strategyOf(field) === 'merge', key: field?.patchMergeKey, items: field?.schema.items };
}

function mergeLists(original: unknown[], patch: unknown[], rules: ListRules): unknown[] {
  if (!rules.merges) return patch;
  if (original.length === 0 && patch.length === 0) return original;
  checkElements([...original, ...patch]);
  const identity = identityOf([...original, ...patch], rules);
  if (!isJsonObject(original[0] ?? patch[0])) {
    return mergeOrder({ merged: [...new Set([...original, ...patch])], order: patch, serverOrder: original, identity });
  }
  const { kept, changes } = applyMarkers(original, patch, identity);
  const merged = [...kept];
  for (const change of changes) {
    const wanted = identity(change);
    const at = merged.findIndex((item) => identity(item) === wanted);
    if (at < 0) merged.push(change);
    else merged[at] = mergeMaps(merged[at] as JsonMap, change, rules.items);
  }
  return mergeOrder({ merged, order: changes, serverOrder: kept, identity });
}

/** Takes elements with $patch out of the patch and does what they say. */
function applyMarkers(
  original: readonly unknown[],
  patch: readonly unknown[],
  identity: Identity,
): { kept: unknown[]; changes: JsonMap[] } {
  let kept = [...original];
  const changes: JsonMap[] = [];
  let replace = false;
  for (const item of patch as readonly JsonMap[]) {
    const directive = item[marker];
    if (directive === undefined) changes.push(item);
    else if (directive === 'delete') {
      const gone = identity(item);
      kept = kept.filter((other) => identity(other) !== gone);
    } else if (directive === 'replace') replace = true;
    else if (directive === 'merge') throw failure('merging lists cannot yet be specified in the patch');
    else throw failure(`unknown patch type: ${goPrinted(directive)} in map: ${goPrinted(item)}`);
  }
  return replace ? { kept: changes, changes: [] } : { kept, changes };
}

function checkElements(items: readonly unknown[]): void {
  if (items.some((item) => Array.isArray(item))) throw rejected(new Error('lists of lists are not supported'));
  const kind = goKind(items[0]);
  if (items.some((item) => goKind(item) !== kind)) throw failure(`list element types are not identical: ${goPrinted([items])}`);
}

/** What makes two elements the same one: the merge key's value, or the element itself when it is a scalar. */
function identityOf(items: readonly unknown[], { key, items: schema }: ListRules): Identity {
  if (!items.some(isJsonObject)) return (item) => item;
  if (key === undefined) throw failure(`cannot merge lists without merge key for ${schema?.type === 'struct' ? 'struct' : 'map'}`);
  return (item) => {
    if (!isJsonObject(item)) throw failure(`expected a map[string]interface {}, but received a ${goTypeName(item)}`);
    if (!(key in item)) throw failure(`map: ${goPrinted(item)} does not contain declared merge key: ${key}`);
    return item[key];
  };
}

function removeFromList(original: JsonMap, key: string, gone: unknown): void {
  const current = original[key];
  if (gone === null) delete original[key];
  else if (Array.isArray(current) && Array.isArray(gone)) original[key] = current.filter((item) => !gone.includes(item));
}

/** `$setElementOrder/containers` -> `containers`. */
function fieldOf(directive: string, prefix: string): string {
  const [head, ...rest] = directive.split('/');
  if (head === prefix && rest.length > 0) return rest.join('/');
  throw badRequest(prefix === elementOrder ? 'invalid patch format of setElementOrder list' : 'invalid patch format of primitive list');
}

function lookup(schema: Schema | undefined, key: string): Field | undefined {
  return schema === undefined ? undefined : child(schema, key);
}

/** Of a struct's field, or of a map's values. */
function schemaUnder(schema: Schema | undefined, key: string): Schema | undefined {
  return schema?.type === 'map' ? schema.items : lookup(schema, key)?.schema;
}

/** The strategy besides retainKeys. */
function strategyOf(field: Field | undefined): string | undefined {
  return field?.patchStrategy.find((strategy) => strategy !== 'retainKeys');
}

/** Upstream hands these on as they are, which makes them a 500. */
function failure(message: string): ApiError {
  return new ApiError('Unknown', message);
}

function goTypeName(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}';
  if (isJsonObject(value)) return 'map[string]interface {}';
  return typeof value === 'number' ? (Number.isInteger(value) ? 'int64' : 'float64') : typeof value === 'boolean' ? 'bool' : typeof value;
}
