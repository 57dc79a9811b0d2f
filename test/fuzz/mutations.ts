/** Turns sensible requests into strange ones. */
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { schemaOfKind } from '../../src/api/schema/facts.ts';
import { encodeProtobuf } from '../../src/api/protobuf/encode.ts';
import { seeds, type Seed } from './corpus.ts';
import { type BodyForm, type FuzzRequest, headerText, printable } from './request.ts';

type Json = unknown;

/** Values that have broken programs before. */
const strange: readonly Json[] = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 31,
  2 ** 53,
  -(2 ** 63),
  1e308,
  '',
  ' ',
  '*',
  '/',
  '..',
  '__proto__',
  'constructor',
  '\u0000',
  '\ud800',
  '💥',
  'a'.repeat(300),
  'x'.repeat(70_000),
  '999999999999999999999',
  '1e1000',
  '-5Gi',
  '2026-13-45T99:99:99Z',
  '1.2.3.4/99',
  '::ffff:1.2.3.4',
  [],
  {},
  [[]],
  [null],
  [{}],
  { '': '' },
  { __proto__: 1, hasOwnProperty: 2 },
  { name: null },
  { key: 'a', operator: 'In', values: [] },
];

const value = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...strange) }, { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) });

/** What is done at one place of a JSON value; `place` picks the place. */
const structural = fc.record({
  place: fc.nat(),
  action: fc.constantFrom('replace', 'remove', 'rename', 'double', 'wrap', 'nest', 'add', 'copy'),
  value,
  key: fc.oneof(
    fc.constantFrom('metadata', 'spec', 'name', 'kind', 'apiVersion', '__proto__', 'items', '$patch', '$retainKeys', '.'),
    fc.string(),
  ),
});

type Structural = typeof structural extends fc.Arbitrary<infer T> ? T : never;

interface Place {
  readonly parent: Record<string, Json>;
  readonly key: string;
}

function places(root: Json): Place[] {
  const found: Place[] = [];
  const visit = (node: Json): void => {
    if (typeof node !== 'object' || node === null) return;
    const parent = node as Record<string, Json>;
    for (const key of Object.keys(parent)) {
      found.push({ parent, key });
      visit(parent[key]);
    }
  };
  visit(root);
  return found;
}

function mutated(body: Json, { place, action, value: by, key: name }: Structural): Json {
  const root: Record<string, Json> = { body: structuredClone(body) };
  const all = places(root);
  const { parent, key }: Place = all[place % all.length] ?? { parent: root, key: 'body' };
  const old = parent[key];
  switch (action) {
    case 'replace':
      parent[key] = by;
      break;
    case 'remove':
      if (Array.isArray(parent)) parent.splice(Number(key), 1);
      else Reflect.deleteProperty(parent, key);
      break;
    case 'rename':
      if (!Array.isArray(parent)) Reflect.deleteProperty(parent, key);
      define(parent, name, old);
      break;
    case 'double':
      if (Array.isArray(parent)) parent.push(structuredClone(old));
      else parent[key] = [old, structuredClone(old)];
      break;
    case 'wrap':
      parent[key] = [old];
      break;
    case 'nest':
      parent[key] = nested(50 + (place % 400));
      break;
    case 'add':
      if (typeof old === 'object' && old !== null) define(old, name, by);
      else parent[key] = by;
      break;
    case 'copy':
      parent[key] = structuredClone((all[(place * 7) % all.length] ?? { parent, key }).parent);
  }
  return root['body'] ?? null;
}

function define(object: object, key: string, given: Json): void {
  Object.defineProperty(object, key, { value: given, enumerable: true, configurable: true, writable: true });
}

function nested(depth: number): Json {
  let node: Json = {};
  for (let level = 0; level < depth; level++) node = level % 2 === 0 ? [node] : { a: node };
  return node;
}

/** What is done to bytes. */
const byteEdit = fc.record({
  at: fc.nat(),
  action: fc.constantFrom('flip', 'insert', 'cut', 'repeat', 'truncate', 'deepen', 'nest'),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 12 }),
});

type ByteEdit = typeof byteEdit extends fc.Arbitrary<infer T> ? T : never;

function edited(body: Buffer, { at: where, action, bytes }: ByteEdit): Buffer {
  const at = body.length === 0 ? 0 : where % body.length;
  switch (action) {
    case 'flip': {
      const copy = Buffer.from(body);
      if (copy.length > 0) copy[at] = (copy[at] ?? 0) ^ (bytes[0] ?? 1);
      return copy;
    }
    case 'insert':
      return Buffer.concat([body.subarray(0, at), bytes, body.subarray(at)]);
    case 'cut':
      return Buffer.concat([body.subarray(0, at), body.subarray(at + bytes.length)]);
    case 'repeat':
      return Buffer.concat([body, body.subarray(at)]);
    case 'truncate':
      return body.subarray(0, at);
    case 'nest':
      return deeplyNested(body, where);
    case 'deepen':
      return Buffer.concat([body.subarray(0, at), Buffer.from((where % 2 === 0 ? '[' : '{"a":').repeat(50_000)), body.subarray(at)]);
  }
}

/** In place of the first text, so that it is well-formed most of the time. */
function deeplyNested(body: Buffer, where: number): Buffer {
  const depth = 1000 + (where % 20_000);
  const [open, close] = where % 2 === 0 ? ['[', ']'] : ['{"a":', '}'];
  return Buffer.from(body.toString('latin1').replace(/"[^"]*"(?=[,}])/, `${open.repeat(depth)}1${close.repeat(depth)}`), 'latin1');
}

const parameters = [
  'limit',
  'continue',
  'resourceVersion',
  'resourceVersionMatch',
  'labelSelector',
  'fieldSelector',
  'timeoutSeconds',
  'timeout',
  'fieldManager',
  'fieldValidation',
  'force',
  'dryRun',
  'pretty',
  'includeObject',
  'propagationPolicy',
  'gracePeriodSeconds',
  'orphanDependents',
  'sendInitialEvents',
  'allowWatchBookmarks',
  'exclude',
  'verbose',
  'container',
  'tailLines',
];
const parameterValues = [
  '',
  '0',
  '1',
  '-1',
  '500',
  'true',
  'false',
  'All',
  'Strict',
  'Exact',
  'NotOlderThan',
  'Foreground',
  '999999999999999999999',
  'a=b',
  'a in (b,c)',
  'a in (',
  '!a',
  'a,,b',
  'metadata.name=x',
  'metadata.name!=x',
  'spec.nodeName=',
  '1s',
  '9223372036854775807',
  'eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJ4In0',
  '%00',
  '%ff',
  '%zz',
  '\u0000',
];

const query = fc.array(
  fc.tuple(fc.oneof(fc.constantFrom(...parameters), fc.string()), fc.oneof(fc.constantFrom(...parameterValues), fc.string())),
  { maxLength: 4 },
);

const headers = fc.record(
  {
    accept: fc.oneof(
      fc.constantFrom(
        'application/json',
        'application/yaml',
        'application/vnd.kubernetes.protobuf',
        'application/json;as=Table;v=v1;g=meta.k8s.io',
        'application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io',
        'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
        'application/json;as=PartialObjectMetadataList;v=v1beta1;g=meta.k8s.io',
        'application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io',
        '*/*',
        'text/html, */*;q=0.1',
        'application/json;q=abc',
        ';;,,',
      ),
      fc.string(),
    ),
    'content-type': fc.oneof(
      fc.constantFrom(
        'application/json',
        'application/yaml',
        'application/vnd.kubernetes.protobuf',
        'application/json-patch+json',
        'application/merge-patch+json',
        'application/strategic-merge-patch+json',
        'application/apply-patch+yaml',
        'application/apply-patch+cbor',
        'application/cbor',
        'text/plain',
        'application/json; charset=utf-8',
        '',
      ),
      fc.string(),
    ),
    'accept-encoding': fc.constantFrom('gzip', 'gzip;q=0', 'br', '*'),
    'impersonate-user': fc.constantFrom('somebody', 'system:serviceaccount:a:b', ''),
    'impersonate-group': fc.constantFrom('system:masters', ''),
    'if-none-match': fc.string(),
    'audit-id': fc.string(),
    'user-agent': fc.oneof(fc.constantFrom('curl/8', 'Mozilla/5.0', 'kubectl/v1.36.0'), fc.string()),
    expect: fc.constantFrom('100-continue'),
    connection: fc.constantFrom('close', 'upgrade'),
    'x-http-method-override': fc.constantFrom('DELETE'),
  },
  { requiredKeys: [] },
);

const pathEdit = fc.record({
  at: fc.nat(),
  action: fc.constantFrom('replace', 'remove', 'insert', 'append'),
  segment: fc.oneof(
    fc.constantFrom(
      '',
      '.',
      '..',
      '%2f',
      '%00',
      '%ff',
      'status',
      'scale',
      'log',
      'exec',
      'proxy',
      'eviction',
      'binding',
      'token',
      'finalize',
      'approval',
      'resize',
      'ephemeralcontainers',
      'watch',
      'namespaces',
      'pods',
      'v1',
      'v2',
      'api',
      'apis',
      'apps',
      '*',
      'constructor',
      '__proto__',
      'a'.repeat(2000),
    ),
    fc.string(),
  ),
});

type PathEdit = typeof pathEdit extends fc.Arbitrary<infer T> ? T : never;

function withPathEdit(path: string, { at: where, action, segment }: PathEdit): string {
  const [place = '', rest] = path.split('?');
  const parts = place.split('/');
  const at = where % parts.length;
  const encoded = segment.includes('%') ? segment : encodeURIComponent(segment.toWellFormed());
  if (action === 'replace') parts[at] = encoded;
  else if (action === 'remove') parts.splice(at, 1);
  else if (action === 'insert') parts.splice(at, 0, encoded);
  else parts.push(encoded);
  const joined = parts.join('/');
  return `${joined.startsWith('/') ? joined : `/${joined}`}${rest === undefined ? '' : `?${rest}`}`;
}

function withQuery(path: string, pairs: readonly (readonly [string, string])[]): string {
  if (pairs.length === 0) return path;
  const text = pairs.map(([name, given]) => `${escaped(name)}=${escaped(given)}`).join('&');
  return `${path}${path.includes('?') ? '&' : '?'}${text}`;
}

const escaped = (text: string): string => (/^%/.test(text) ? text : encodeURIComponent(text.toWellFormed()));

const contentTypes: Readonly<Record<BodyForm, string>> = {
  json: 'application/json',
  yaml: 'application/yaml',
  protobuf: 'application/vnd.kubernetes.protobuf',
  none: '',
};

/** Protobuf only of what is an object of a known kind. */
function bytesOf(body: Json, form: BodyForm): { readonly bytes: Buffer; readonly form: BodyForm } {
  if (form === 'protobuf' && typeof body === 'object' && body !== null) {
    const { kind = '', apiVersion = '' } = body as { kind?: string; apiVersion?: string };
    const [version = '', group = ''] = String(apiVersion).split('/').reverse();
    const schema = schemaOfKind(group, version, String(kind));
    try {
      if (schema !== undefined)
        return { bytes: encodeProtobuf(body, schema, { kind: String(kind), apiVersion: String(apiVersion) }), form };
    } catch {
      // Some mutations have no such form: JSON then.
    }
  }
  if (form === 'yaml') return { bytes: Buffer.from(yamlText(body)), form };
  return { bytes: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body ?? null)), form: 'json' };
}

function yamlText(body: Json): string {
  try {
    return stringify(typeof body === 'string' ? (parse(body) as Json) : body);
  } catch {
    return String(body);
  }
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'LOCK'];

interface Parts {
  readonly seed: Seed;
  readonly method: string | undefined;
  readonly structure: readonly Structural[];
  readonly form: BodyForm;
  readonly bytes: readonly ByteEdit[];
  readonly path: readonly PathEdit[];
  readonly query: readonly (readonly [string, string])[];
  readonly headers: Readonly<Record<string, string | undefined>>;
}

function assemble(parts: Parts): FuzzRequest {
  const method = parts.method ?? parts.seed.method;
  let path = parts.path.reduce(withPathEdit, parts.seed.path);
  path = printable(withQuery(path, parts.query));
  // A stream that a mutation begins would keep the fuzzer waiting.
  if (/[?&]watch=|\/watch\/|[?&]follow=/.test(path)) path += `${path.includes('?') ? '&' : '?'}timeoutSeconds=1`;
  const given = Object.entries(parts.headers).flatMap(([name, text]) => (text === undefined ? [] : [[headerName(name), headerText(text)]]));
  const headersSent: Record<string, string> = { ...parts.seed.headers, ...(Object.fromEntries(given) as Record<string, string>) };
  // Upstream too answers 500 to a group without a user.
  if ((headersSent['impersonate-user'] ?? '') === '') delete headersSent['impersonate-group'];
  if (parts.seed.body === undefined && parts.structure.length === 0) return { method, path, headers: headersSent, body: undefined };
  const structure = parts.structure.reduce<Json>(mutated, parts.seed.body ?? {});
  const { bytes, form } = bytesOf(structure, parts.form);
  headersSent['content-type'] ??= contentTypes[form];
  return { method, path, headers: headersSent, body: parts.bytes.reduce(edited, bytes) };
}

const headerName = (name: string): string => name.replace(/[^a-z0-9-]/g, '-');

/** Mostly one or two changes: what is wrong everywhere is refused at the first. */
const mutant: fc.Arbitrary<FuzzRequest> = fc
  .record({
    seed: fc.constantFrom(...seeds()),
    method: rarely(fc.constantFrom<string | undefined>(...methods), 12, undefined),
    structure: fc.array(structural, { maxLength: 3 }),
    form: fc.constantFrom<BodyForm>('json', 'json', 'yaml', 'protobuf'),
    bytes: sometimes(fc.array(byteEdit, { maxLength: 3 }), 5),
    path: sometimes(fc.array(pathEdit, { maxLength: 2 }), 4),
    query: sometimes(query, 3),
    headers: rarely<Readonly<Record<string, string | undefined>>>(headers, 4, {}),
  })
  .map(assemble);

/** The usual value but for one time in `often`. */
function rarely<T>(arbitrary: fc.Arbitrary<T>, often: number, usual: T): fc.Arbitrary<T> {
  return fc.oneof({ weight: often - 1, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary });
}

function sometimes<T>(array: fc.Arbitrary<T[]>, often: number): fc.Arbitrary<T[]> {
  return rarely(array, often, []);
}

/** Bytes that are hardly HTTP. */
const rawBytes: fc.Arbitrary<FuzzRequest> = fc
  .record({ seed: fc.constantFrom(...seeds()), edits: fc.array(byteEdit, { minLength: 1, maxLength: 6 }) })
  .map(({ seed, edits }) => {
    const body = seed.body === undefined ? '' : JSON.stringify(seed.body);
    const head = `${seed.method} ${printable(seed.path)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${String(Buffer.byteLength(body))}\r\n\r\n`;
    return { method: seed.method, path: seed.path, headers: {}, body: undefined, raw: edits.reduce(edited, Buffer.from(head + body)) };
  });

export const fuzzRequest: fc.Arbitrary<FuzzRequest> = fc.oneof({ weight: 100, arbitrary: mutant }, { weight: 1, arbitrary: rawBytes });
