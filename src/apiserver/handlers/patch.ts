import { badRequest } from '../../api/errors.ts';
import type { FieldValidation } from '../../api/schema/decode.ts';
import { parseYamlLoosely } from '../../api/yaml.ts';
import { jsonPatchType, strategicMergePatchType } from '../../api/patch.ts';
import { bodyOf } from '../body.ts';
import { type ParsedPatch, parseOperations, parsePatch } from '../decode.ts';
import { unsupportedMediaType } from '../media-type.ts';
import { writeParameters } from '../options.ts';
import { applyPatchType, patched, patchTypes } from '../patching.ts';
import type { Scope } from './scope.ts';
import { sendEntry } from './scope.ts';
import { contextOptions } from './create.ts';

/** PATCH in any of the four types; tried again when somebody else was faster. */
export async function patch(scope: Scope): Promise<void> {
  const { exchange, store } = scope;
  const { namespace, name, subresource } = exchange.info;
  const type = (exchange.request.headers['content-type'] ?? '').split(';', 1)[0]?.trim() ?? '';
  if (!(patchTypes as readonly string[]).includes(type)) throw unsupportedMediaType(patchTypes.join(', '));
  const body = await bodyOf(exchange);
  const parameters = writeParameters(exchange.query, 'PatchOptions', type);
  const { fieldValidation: validation, dryRun } = parameters;
  const warn = (text: string): void => exchange.warn(text);
  const parsed =
    type === applyPatchType ? { body: parseConfiguration(body, validation, warn) } : await parsedPatch(scope, { type, body, validation });
  const force = parameters.force === true;
  const change = patched(store.definition, { type, ...parsed, name, subresource, force, validation, warn });
  const { entry, created } = await store.update(
    { name, namespace, subresource, retryOnConflict: true, dryRun, ...change },
    exchange.context(contextOptions(parameters)),
  );
  sendEntry(scope, created ? 201 : 200, entry);
}

interface Received {
  readonly type: string;
  readonly body: Buffer;
  readonly validation: FieldValidation;
}

/** A patch is read only once its object is there. */
async function parsedPatch({ store, exchange }: Scope, { type, body, validation }: Received): Promise<ParsedPatch> {
  try {
    if (type === jsonPatchType && validation !== 'Ignore') return parseOperations(body);
    return parsePatch(body, type === strategicMergePatchType ? '' : 'error decoding patch: ');
  } catch (error) {
    await store.get(exchange.info.namespace, exchange.info.name);
    throw error;
  }
}

/** The body of an apply. Of keys that are there twice the last counts; Strict refuses them, Warn says so. Throws 400. */
function parseConfiguration(body: Buffer, validation: FieldValidation, warn: (text: string) => void): unknown {
  const prefix = 'error converting YAML to JSON: yaml: ';
  let parsed: ReturnType<typeof parseYamlLoosely>;
  try {
    parsed = parseYamlLoosely(body.toString());
  } catch (error) {
    throw badRequest(`error decoding YAML: ${prefix}${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  const { value, repeated } = parsed;
  if (repeated.length === 0 || validation === 'Ignore') return value;
  if (validation === 'Strict')
    throw badRequest(`error strict decoding YAML: ${prefix}unmarshal errors:\n${repeated.map((text) => `  ${text}`).join('\n')}`);
  for (const text of repeated) warn(text);
  return value;
}
