/** Patches as updaters of the engine: checked once, applied to each state the engine offers. */
import { ApiError } from '../api/errors.ts';
import { invalid, invalidObject, path } from '../api/field-errors.ts';
import { cloneJson, isJsonObject } from '../api/json.ts';
import { apiVersionOf, type KubeObject } from '../api/object.ts';
import { applyPatch, jsonPatchType, mergePatchType, strategicMergePatchType } from '../api/patch.ts';
import { decodeValue, type FieldValidation } from '../api/schema/decode.ts';
import type { ResourceDefinition } from '../registry/definition.ts';
import type { Updater } from '../registry/store.ts';
import { type Expected, expectedKind, identityFault, plain } from './decode.ts';

export const applyPatchType = 'application/apply-patch+yaml';
export const patchTypes = [jsonPatchType, mergePatchType, strategicMergePatchType, applyPatchType] as const;

export interface Patch {
  readonly type: string;
  /** The parsed body. */
  readonly body: unknown;
  readonly subresource: string;
  readonly fieldManager: string;
  readonly force: boolean;
  readonly validation: FieldValidation;
  warn(text: string): void;
}

/** The updater's answers are private. It is asked for a missing object only by apply. */
export function patcher(definition: ResourceDefinition, patch: Patch): Updater {
  const expected = expectedKind(definition, patch.subresource);
  // Until field owners are kept (server-side apply), applying merges: lists of maps by their keys where the kind has them.
  const type = patch.type !== applyPatchType ? patch.type : expected.schema === undefined ? mergePatchType : strategicMergePatchType;
  return (current) => {
    if (current === undefined) {
      if (patch.type !== applyPatchType || !isJsonObject(patch.body))
        throw new ApiError('NotFound', 'the server could not find the requested resource');
      return decoded(cloneJson(patch.body), expected, patch);
    }
    const versioned = { kind: expected.kind, apiVersion: apiVersionOf(expected), ...current };
    return decoded(applyPatch<Record<string, unknown>>(versioned, { type, body: patch.body }, expected.schema), expected, patch);
  };
}

/** The patched document read again as its kind, as apiserver pkg/endpoints/handlers/patch.go does; throws 422. */
function decoded(document: Record<string, unknown>, expected: Expected, patch: Patch): KubeObject {
  const fault = identityFault(String(document['kind']), String(document['apiVersion']), expected);
  if (fault !== undefined) throw unreadable(document, fault);
  if (expected.schema === undefined) return plain(document);
  const { value, error, warnings } = decodeValue(document, expected.schema, { mode: patch.validation });
  if (error !== undefined) throw unreadable(document, error);
  for (const warning of warnings) patch.warn(warning);
  return plain(value ?? {});
}

function unreadable(document: Record<string, unknown>, why: string): ApiError {
  return invalidObject({ group: '', kind: '' }, '', [invalid(path('patch'), JSON.stringify(document), why)]);
}
