/** Whole documents as values: v3 for one group and version, v2 for everything (kube-openapi pkg/builder, pkg/builder3). */
import type { Operation, PathItem } from './operations.ts';
import { parameterDocument, type Parameter } from './parameters.ts';
import type { Prose } from './prose.ts';
import { closure, schemaDocument, type Json, type JsonObject } from './schemas.ts';

/** What one v3 document is about. */
export interface Section {
  /** Where it is served below /openapi/v3/: `api/v1`, `apis/apps/v1`, `version`. */
  readonly place: string;
  /** What its operations are tagged with. */
  readonly tag: string;
  readonly paths: readonly PathItem[];
  /** Definitions in it besides those its operations name. */
  readonly definitions: readonly string[];
  /** For kinds that every group has (DeleteOptions, WatchEvent): those of this group and version are named. */
  readonly group: string | undefined;
  readonly version: string | undefined;
}

const objectTypes = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
const streamTypes = [...objectTypes, 'application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];
const produced: Readonly<Record<Operation['produces'], readonly string[]>> = {
  object: objectTypes,
  stream: streamTypes,
  any: ['*/*'],
  log: ['text/plain', ...objectTypes],
  document: objectTypes,
  json: ['application/json'],
  keys: ['application/jwk-set+json'],
};
const patchTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];
const codeTexts: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' };
const info = { title: 'Kubernetes', version: '1.36' };
const bearerToken = { type: 'apiKey', description: 'Bearer Token authentication', name: 'authorization', in: 'header' };

const same = (a: Parameter, b: Parameter): boolean => a.name === b.name && a.in === b.in && a.kind === b.kind;
const byName = (a: Parameter, b: Parameter): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.in < b.in ? -1 : 1);

/** Parameters that all operations of a path share stand at the path. */
function sharedParameters({ operations }: PathItem): Parameter[] {
  const [first, ...others] = operations;
  return (first?.parameters ?? []).filter((parameter) => others.every((other) => other.parameters.some((own) => same(own, parameter)))).sort(byName);
}

const answerSchema = (operation: Operation, prefix: string): JsonObject =>
  operation.answer === undefined ? { type: 'string' } : { $ref: `${prefix}${operation.answer}` };

function marks({ action, gvk }: Operation): JsonObject {
  return {
    ...(action === undefined ? {} : { 'x-kubernetes-action': action }),
    ...(gvk === undefined ? {} : { 'x-kubernetes-group-version-kind': { group: gvk.group, kind: gvk.kind, version: gvk.version } }),
  };
}

type ParameterDocument = (parameter: Parameter) => JsonObject;

function operationV3(operation: Operation, tag: string, parameters: readonly JsonObject[]): JsonObject {
  const prefix = '#/components/schemas/';
  const content = (types: readonly string[], schema: JsonObject): JsonObject => Object.fromEntries([...types].sort().map((type) => [type, { schema }]));
  const { body } = operation;
  const answers = operation.codes.map((code) => [
    String(code),
    { description: codeTexts[code] ?? '', content: content(produced[operation.produces], answerSchema(operation, prefix)) },
  ]);
  return {
    tags: [tag],
    description: operation.description,
    operationId: operation.id,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            content: content(body.isPatch ? patchTypes : ['*/*'], { $ref: `${prefix}${body.definition}` }),
            ...(body.required ? { required: true } : {}),
          },
        }),
    responses: { ...(Object.fromEntries(answers) as JsonObject), '401': { description: 'Unauthorized' } },
    ...marks(operation),
  };
}

function bodyParameter({ body }: Operation): JsonObject | undefined {
  if (body === undefined) return undefined;
  return { name: 'body', in: 'body', ...(body.required ? { required: true } : {}), schema: { $ref: `#/definitions/${body.definition}` } };
}

function operationV2(operation: Operation, tag: string, parameters: readonly JsonObject[]): JsonObject {
  const prefix = '#/definitions/';
  const { body } = operation;
  const answers = operation.codes.map((code) => [String(code), { description: codeTexts[code] ?? '', schema: answerSchema(operation, prefix) }]);
  const consumes = operation.produces === 'document' ? objectTypes : operation.produces === 'json' ? ['application/json'] : ['*/*'];
  return {
    description: operation.description,
    ...(operation.action === undefined && operation.answer === undefined ? {} : { consumes: body?.isPatch === true ? patchTypes : consumes }),
    produces: produced[operation.produces],
    schemes: ['https'],
    tags: [tag],
    operationId: operation.id,
    ...(parameters.length === 0 ? {} : { parameters }),
    responses: { ...(Object.fromEntries(answers) as JsonObject), '401': { description: 'Unauthorized' } },
    ...marks(operation),
  };
}

type OperationDocument = (operation: Operation, tag: string, parameters: readonly JsonObject[]) => JsonObject;

function pathsOf(sections: readonly Section[], operationDocument: OperationDocument, parameterOf: ParameterDocument): JsonObject {
  const paths = sections.flatMap(({ tag, paths }) =>
    paths.map((item): [string, JsonObject] => {
      const shared = sharedParameters(item);
      const methods = item.operations.map((operation): [string, Json] => {
        const own = operation.parameters.filter((parameter) => !shared.some((other) => same(other, parameter))).sort(byName);
        return [operation.method, operationDocument(operation, tag, own.map(parameterOf))];
      });
      return [item.path, { ...Object.fromEntries(methods), ...(shared.length === 0 ? {} : { parameters: shared.map(parameterOf) }) }];
    }),
  );
  return Object.fromEntries(paths.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The definitions that operations name, in no particular order, with repetitions. */
function namedIn(paths: readonly PathItem[]): string[] {
  const operations = paths.flatMap((item) => item.operations);
  return operations.flatMap(({ body, answer }) => [...(body === undefined ? [] : [body.definition]), ...(answer === undefined ? [] : [answer])]);
}

const kindsKey = 'x-kubernetes-group-version-kind';
interface Kind {
  readonly group: string;
  readonly version: string;
}

/** Of the kinds that a definition stands for, those of the core group and of the section's own. */
function ownKinds(schema: JsonObject, { group, version }: Section): JsonObject {
  const kinds = schema[kindsKey];
  if (!Array.isArray(kinds) || kinds.length < 2) return schema;
  const own = (kinds as unknown as Kind[]).filter((kind) => (kind.group === '' && kind.version === 'v1') || (kind.group === group && kind.version === version));
  return { ...schema, [kindsKey]: own as unknown as Json };
}

export function documentV3(section: Section, prose: Prose): JsonObject {
  const names = closure([...namedIn(section.paths), ...section.definitions]);
  const known = new Map<string, JsonObject>();
  const parameterOf = (parameter: Parameter): JsonObject => {
    const key = `${parameter.kind} ${parameter.name} ${parameter.in} ${parameter.description ?? ''}`;
    const document = known.get(key) ?? parameterDocument(parameter, prose, 3);
    known.set(key, document);
    return document;
  };
  return {
    openapi: '3.0.0',
    info,
    paths: pathsOf([section], operationV3, parameterOf),
    components: {
      ...(names.length === 0 ? {} : { schemas: Object.fromEntries(names.map((name) => [name, ownKinds(schemaDocument(name, prose, 3), section)])) }),
      securitySchemes: { BearerToken: bearerToken },
    },
  };
}

/** Parameters that stand in every operation, because kubectl before 1.28 looks for them there. */
const neverShared: ReadonlySet<string> = new Set(['name', 'fieldValidation', 'dryRun']);

/** FNV-1 of 64 bits, the first 48 of it: what upstream tells shared parameters apart with. */
function shortHash(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) hash = BigInt.asUintN(64, hash * 0x100000001b3n) ^ BigInt(byte);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(hash);
  return bytes.toString('base64url', 0, 6);
}

export function documentV2(sections: readonly Section[], prose: Prose): JsonObject {
  const parameters = new Map<string, JsonObject>();
  const share = (name: string, document: JsonObject): JsonObject => {
    const shared = `${name}-${shortHash(JSON.stringify(document))}`;
    parameters.set(shared, document);
    return { $ref: `#/parameters/${shared}` };
  };
  const parameterOf = (parameter: Parameter): JsonObject => {
    const document = parameterDocument(parameter, prose, 2);
    return neverShared.has(parameter.name) ? document : share(parameter.name, document);
  };
  const withBody: OperationDocument = (operation, tag, own) => {
    const body = bodyParameter(operation);
    if (body === undefined) return operationV2(operation, tag, own);
    const isGeneric = operation.body?.definition.startsWith('io.k8s.apimachinery.') === true;
    return operationV2(operation, tag, [isGeneric ? share('body', body) : body, ...own]);
  };
  const paths = pathsOf(sections, withBody, parameterOf);
  const names = closure(sections.flatMap((section) => [...namedIn(section.paths), ...section.definitions]));
  return {
    swagger: '2.0',
    info,
    paths,
    definitions: Object.fromEntries(names.map((name) => [name, schemaDocument(name, prose, 2)])),
    parameters: Object.fromEntries([...parameters].sort(([a], [b]) => (a < b ? -1 : 1))),
    securityDefinitions: { BearerToken: bearerToken },
    security: [{ BearerToken: [] }],
  };
}
