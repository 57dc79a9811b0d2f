/** JSON Merge Patch (RFC 7386), as apiserver endpoints/handlers/patch.go applies it. */
import { badRequest } from './errors.ts';
import { cloneJson, isJsonObject } from './json.ts';
import { goKind } from './patch-json.ts';

/** A patched copy. Throws 400 for a patch that is not an object. */
export function applyMergePatch(document: unknown, patch: unknown): unknown {
  if (patch === null) throw badRequest('Invalid JSON Patch');
  if (!isJsonObject(patch))
    throw badRequest(`error decoding patch: json: cannot unmarshal ${goKind(patch)} into Go value of type map[string]interface {}`);
  return merged(document, patch);
}

/** Whatever the patch does not touch is copied; a null removes. */
function merged(document: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return isJsonObject(document) ? cloneJson(patch) : withoutNulls(patch);
  const result: Record<string, unknown> = {};
  if (isJsonObject(document))
    for (const [key, value] of Object.entries(document)) if (!Object.hasOwn(patch, key)) put(result, key, cloneJson(value));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null || value === undefined) continue;
    put(result, key, merged(isJsonObject(document) && Object.hasOwn(document, key) ? document[key] : undefined, value));
  }
  return result;
}

/** Upstream's library also takes nulls out of objects in lists, but for a list that takes an object's place. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  return isJsonObject(value) ? merged(undefined, value) : value;
}

/** Also for `__proto__`, which clients may send. */
function put(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  else object[key] = value;
}
