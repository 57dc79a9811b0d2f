/** Patches by content type. */
import { ApiError, badRequest } from './errors.ts';
import { isJsonObject } from './json.ts';
import { applyJsonPatch } from './patch-json.ts';
import { applyMergePatch } from './patch-merge.ts';
import { applyStrategicMergePatch } from './patch-strategic.ts';
import type { Schema } from './schema/schema.ts';

export const jsonPatchType = 'application/json-patch+json';
export const mergePatchType = 'application/merge-patch+json';
export const strategicMergePatchType = 'application/strategic-merge-patch+json';

/**
 * A patched private copy of `current` (frozen is fine; with kind and apiVersion if the patch may look at them).
 * `schema`: of the kind; undefined (custom resources) refuses strategic merge patches with 415.
 */
export function applyPatch<T>(current: T, patch: { readonly type: string; readonly body: unknown }, schema: Schema | undefined): T {
  const result = patched(current, patch, schema);
  if (!isJsonObject(result)) throw badRequest('json: cannot unmarshal the patched document into an object');
  return result as T;
}

function patched(current: unknown, { type, body }: { readonly type: string; readonly body: unknown }, schema: Schema | undefined): unknown {
  if (type === jsonPatchType) return applyJsonPatch(current, body);
  if (type === mergePatchType) return applyMergePatch(current, body);
  if (type === strategicMergePatchType && schema !== undefined) return applyStrategicMergePatch(current, body, schema);
  const known = schema === undefined ? [jsonPatchType, mergePatchType] : [jsonPatchType, mergePatchType, strategicMergePatchType];
  throw new ApiError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${known.join(', ')}`,
  );
}
