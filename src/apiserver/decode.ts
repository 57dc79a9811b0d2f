/** Bodies as objects of their kind (apiserver pkg/endpoints/handlers/rest.go and create.go). */
import { badRequest } from '../api/errors.ts';
import { jsonSyntaxFault } from '../api/go-json-syntax.ts';
import { isJsonObject } from '../api/json.ts';
import { keepReset } from '../api/managed-fields/managers.ts';
import { apiVersionOf, type KubeObject, parseApiVersion } from '../api/object.ts';
import { decodeProtobuf } from '../api/protobuf/decode.ts';
import { decodeJson, decodeValue, type FieldValidation } from '../api/schema/decode.ts';
import { faultsInOrder, keyCount, keysOf } from '../api/schema/duplicates.ts';
import { schemaFor, schemaOfKind } from '../api/schema/facts.ts';
import type { Schema } from '../api/schema/schema.ts';
import { parseYaml, parseYamlLoosely } from '../api/yaml.ts';
import type { ResourceDefinition } from '../registry/definition.ts';
import { scaleKind } from '../registry/scale.ts';
import type { Encoding } from './media-type.ts';

/** Kind and group/version that a body must have, and its schema when one is known. */
export interface Expected {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly schema: Schema | undefined;
}

/** The kind that bodies of a resource or subresource have. */
export function expectedKind(definition: ResourceDefinition, subresource: string): Expected {
  const own = subresource === 'scale' ? scaleKind : definition.subresources?.find(({ name }) => name === subresource)?.kind;
  if (own !== undefined) return { ...own, schema: schemaOfKind(own.group, own.version, own.kind) };
  return { group: definition.group, version: definition.version, kind: definition.kind, schema: schemaFor(definition.schema) };
}

export interface DecodeOptions {
  readonly encoding: Encoding;
  readonly validation: FieldValidation;
  /** Gets the texts of Warning headers. */
  warn(text: string): void;
}

/**
 * A private object without kind and apiVersion (both may be missing in the body: then the path's are meant). Throws 400 for what is
 * not of this kind, for values of a wrong type and, when Strict, for unknown and repeated fields.
 */
export function decodeBody(body: Buffer, expected: Expected, options: DecodeOptions): KubeObject {
  const text = options.encoding === 'protobuf' ? '' : body.toString();
  // Go reads null as the zero value.
  const { value, repeated } = parse(text, body, { expected, encoding: options.encoding });
  const parsed = value ?? {};
  if (!isJsonObject(parsed)) throw unrecognized(expected, `couldn't get version/kind; json parse error: ${notAnObject(parsed)}`, body);
  const version = checkIdentity(parsed, expected);
  if (expected.schema === undefined) return plain(parsed);
  const about = options.encoding === 'json' ? { text } : { repeated };
  const decoded = decodeValue(parsed, expected.schema, { mode: options.validation, ...about });
  if (decoded.error !== undefined)
    throw badRequest(`${expected.kind} in version ${JSON.stringify(version)} cannot be handled as a ${expected.kind}: ${decoded.error}`);
  for (const warning of decoded.warnings) options.warn(warning);
  const object = plain(decoded.value ?? {});
  keepReset(parsed, object);
  return object;
}

export interface ParsedPatch {
  readonly body: unknown;
  /** Repeated keys, and what an operation does not have, as warnings say it. */
  readonly faults: readonly string[];
}

/** A patch in JSON; throws 400 in the words of Go's parser behind `frame`. */
export function parsePatch(bytes: Buffer, frame: string): ParsedPatch {
  const text = bytes.toString();
  try {
    const body = JSON.parse(text) as unknown;
    return { body, faults: keyCount(text) === keysOf(body) ? [] : faultsInOrder(text, new Set()) };
  } catch (error) {
    throw badRequest(`${frame}${jsonSyntaxFault(text) ?? String(error)}`, { cause: error });
  }
}

/** As {@link parsePatch} for operations of a JSON patch, which have four fields. Throws 400 when one of them is no text. */
export function parseOperations(bytes: Buffer): ParsedPatch {
  const { body, faults } = parsePatch(bytes, 'error decoding patch: ');
  if (!Array.isArray(body)) return { body, faults: [] };
  const unknown = new Set<string>();
  for (const [index, operation] of (body as readonly unknown[]).entries()) {
    if (!isJsonObject(operation)) continue;
    for (const [name, value] of Object.entries(operation)) {
      if (!fieldsOfOperations.has(name)) unknown.add(`[${String(index)}].${name}`);
      else if (name !== 'value' && value !== null && typeof value !== 'string')
        throw badRequest(
          `error decoding patch: json: cannot unmarshal ${typeName(value)} into Go struct field jsonPatchOp.${name} of type string`,
        );
    }
  }
  const all = unknown.size === 0 ? faults : faultsInOrder(bytes.toString(), unknown);
  return { body, faults: all.map((fault) => `json patch ${fault}`) };
}

const fieldsOfOperations: ReadonlySet<string> = new Set(['op', 'path', 'from', 'value']);

const optionsSchema = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions';
/** Of the kinds that every group has, those that are no options. */
const everywhere: ReadonlySet<string> = new Set(['Status', 'APIVersions', 'APIGroupList', 'APIGroup', 'APIResourceList']);

/** The DeleteOptions of a body; throws 400. */
export function decodeDeleteOptions(body: Buffer, encoding: Encoding): Record<string, unknown> {
  const schema = schemaFor(optionsSchema);
  const parsed = parseOptions(body, encoding, schema) ?? {};
  if (!isJsonObject(parsed)) throw badRequest(`couldn't get version/kind; json parse error: ${notAnObject(parsed)}`);
  const { kind = '', apiVersion = '' } = parsed;
  const shown = JSON.stringify(apiVersion);
  if (kind !== '' && kind !== 'DeleteOptions') {
    if (apiVersion === 'v1' && typeof kind === 'string' && everywhere.has(kind))
      throw badRequest(`converting (v1.${kind}) to (v1.DeleteOptions): unknown conversion`);
    throw badRequest(`no kind ${JSON.stringify(kind)} is registered for version ${shown} in scheme "pkg/runtime/scheme.go:111"`);
  }
  if (schema === undefined) return parsed;
  const { value, error } = decodeValue(parsed, schema, { mode: 'Ignore' });
  if (error !== undefined) throw badRequest(error);
  return value ?? {};
}

function parseOptions(body: Buffer, encoding: Encoding, schema: Schema | undefined): unknown {
  const text = body.toString();
  try {
    if (encoding === 'protobuf') return fromProtobuf(body, schema);
    return encoding === 'json' ? (JSON.parse(text) as unknown) : parseYaml(text);
  } catch (error) {
    const own = error instanceof Error ? error.message : String(error);
    const fault = encoding === 'json' ? `couldn't get version/kind; json parse error: ${jsonSyntaxFault(text) ?? own}` : own;
    throw badRequest(fault, { cause: error });
  }
}

const notAnObject = (value: unknown): string =>
  `json: cannot unmarshal ${typeName(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`;

interface Parsed {
  readonly value: unknown;
  /** Keys that are there twice, in the words of YAML's parser. */
  readonly repeated: readonly string[];
}

function parse(text: string, body: Buffer, { expected, encoding }: { readonly expected: Expected; readonly encoding: Encoding }): Parsed {
  try {
    if (encoding === 'protobuf') return { value: fromProtobuf(body, expected.schema), repeated: [] };
    if (encoding === 'json') return { value: JSON.parse(text) as unknown, repeated: [] };
    const { value, repeated } = parseYamlLoosely(text);
    return { value: sortedKeys(value), repeated };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const own = encoding === 'yaml' ? `yaml: ${message}` : message;
    const why = encoding === 'json' && expected.schema !== undefined ? (decodeJson(text, expected.schema, 'Ignore').error ?? own) : own;
    throw unrecognized(expected, why, body);
  }
}

/** On the way from YAML to JSON upstream sorts all keys: what is unknown is told in that order. */
function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (!isJsonObject(value)) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, sortedKeys(value[key])]));
}

function unrecognized(expected: Expected, why: string, body: Buffer): Error {
  return badRequest(`the object provided is unrecognized (must be of type ${expected.kind}): ${why} (${summary(body)})`);
}

/** kind and apiVersion of the envelope belong to the value, as they do in JSON. */
function fromProtobuf(body: Buffer, schema: Schema | undefined): Record<string, unknown> {
  const { kind, apiVersion, value } = decodeProtobuf(body, schema);
  return { ...(kind === '' ? {} : { kind }), ...(apiVersion === '' ? {} : { apiVersion }), ...value };
}

/** The start of a body, as upstream shows it (summarizeData). */
function summary(body: Buffer): string {
  if (body.length === 0) return '<empty>';
  const start = body.subarray(0, 30);
  const shown = body[0] === 0x7b ? start.toString() : start.toString('hex');
  return body.length > 30 ? `${shown} ...` : shown;
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/** Versions of what is only ever sent, and still read. */
const formerly: Readonly<Record<string, string>> = { Eviction: 'policy/v1beta1' };

/** The version the body says it has. */
function checkIdentity({ kind, apiVersion }: Record<string, unknown>, expected: Expected): string {
  const wanted = apiVersionOf(expected);
  const given = typeof apiVersion === 'string' && apiVersion !== '' ? apiVersion : wanted;
  const shownKind = typeof kind === 'string' && kind !== '' ? kind : expected.kind;
  const version = parseApiVersion(given)?.version ?? '';
  const fault = identityFault(shownKind, given, expected);
  if (fault !== undefined)
    throw badRequest(`${shownKind} in version ${JSON.stringify(version)} cannot be handled as a ${expected.kind}: ${fault}`);
  if (given !== wanted && given !== formerly[expected.kind])
    throw badRequest(`the API version in the data (${given}) does not match the expected API version (${wanted})`);
  return version;
}

/** Why a document of this kind and version cannot become what is expected, in the words of Go's scheme. */
export function identityFault(kind: string, apiVersion: string, expected: Expected): string | undefined {
  const { group = '', version = '' } = parseApiVersion(apiVersion) ?? {};
  if (!isRegistered({ group, version, kind }, expected))
    return `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`;
  if (kind === expected.kind) return undefined;
  const internal = `${expected.group === '' ? 'core' : (expected.group.split('.')[0] ?? '')}.${expected.kind}`;
  return `converting (${version}.${kind}) to (${internal}): unknown conversion`;
}

/** Upstream's scheme also has versions of its groups that are served no more. */
function isRegistered({ group, version, kind }: Omit<Expected, 'schema'>, expected: Expected): boolean {
  if (expected.schema === undefined || (group === expected.group && version === expected.version && kind === expected.kind)) return true;
  if (schemaOfKind(group, version, kind) !== undefined) return true;
  return /^v\d+(alpha|beta)\d+$/.test(version) && schemaOfKind(group, 'v1', kind) !== undefined;
}

/** Without kind and apiVersion, with metadata. */
export function plain(value: Record<string, unknown>): KubeObject {
  delete value['kind'];
  delete value['apiVersion'];
  if (!isJsonObject(value['metadata'])) value['metadata'] = {};
  return value as unknown as KubeObject;
}
