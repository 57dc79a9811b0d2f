/**
 * Content negotiation (apiserver pkg/endpoints/handlers/negotiation): which form an answer takes, which form a body has.
 * Two programs look at an Accept header upstream, one after the other: the router, by the types a route can produce, and the
 * handler, by clauses in order of quality and by what an endpoint can be turned into.
 */
import { ApiError } from '../api/errors.ts';

export type Encoding = 'json' | 'yaml' | 'protobuf';

export const mediaTypes: Readonly<Record<Encoding, string>> = {
  json: 'application/json',
  yaml: 'application/yaml',
  protobuf: 'application/vnd.kubernetes.protobuf',
};

/** In the order in which upstream tries them for wildcards. */
const encodings: readonly Encoding[] = ['json', 'yaml', 'protobuf'];
const supported = encodings.map((encoding) => mediaTypes[encoding]).join(', ');
const streamed = [mediaTypes.json, mediaTypes.protobuf].map((type) => `${type};stream=watch`).join(', ');

/** What the objects of an answer are turned into. */
export type Transform = 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList' | undefined;

export interface Format {
  readonly encoding: Encoding;
  readonly transform: Transform;
  /** Of meta.k8s.io for transforms, of apidiscovery.k8s.io for aggregated discovery. */
  readonly version: string;
  readonly pretty: boolean;
  /** Aggregated discovery was asked for. */
  readonly aggregated: boolean;
}

/**
 * What an endpoint can make:
 * - objects: every encoding; tables, but not in protobuf; metadata alone;
 * - tableless: the same without tables (reviews, most subresources);
 * - custom: like objects, but whole objects in no protobuf (custom resources);
 * - plain: no transforms (errors, documents);
 * - discovery: plain, and the aggregated form.
 */
export type Endpoint = 'objects' | 'tableless' | 'custom' | 'plain' | 'discovery';

interface Target {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

function canMake(endpoint: Endpoint, encoding: Encoding, target: Target | undefined): boolean {
  if (target === undefined) return endpoint !== 'custom' || encoding !== 'protobuf';
  const { group, version, kind } = target;
  if (endpoint === 'discovery') return group === 'apidiscovery.k8s.io' && kind === 'APIGroupDiscoveryList' && version === 'v2';
  if (endpoint === 'plain' || group !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) return false;
  if (kind === 'Table') return endpoint !== 'tableless' && encoding !== 'protobuf';
  return kind === 'PartialObjectMetadata' || kind === 'PartialObjectMetadataList';
}

export const plainJson: Format = Object.freeze({ encoding: 'json', transform: undefined, version: 'v1', pretty: false, aggregated: false });

/** Answers to headers that were already seen often: clients send very few different ones. */
export class Negotiator {
  readonly #known = new Map<string, Format | undefined>();

  /** Throws 406 when nothing the client accepts can be made. */
  format(accept: string | undefined, endpoint: Endpoint = 'objects'): Format {
    const format = this.find(accept, endpoint);
    if (format === undefined) throw notAcceptable(supported);
    return format;
  }

  /** undefined when nothing the client accepts can be made. */
  find(accept: string | undefined, endpoint: Endpoint): Format | undefined {
    if (accept === undefined || accept === '' || accept === 'application/json' || accept === '*/*') return plainJson;
    const key = `${endpoint} ${accept}`;
    if (this.#known.has(key)) return this.#known.get(key);
    const format = negotiate(accept, endpoint);
    if (this.#known.size < 256) this.#known.set(key, format);
    return format;
  }
}

/** One part of an Accept header. */
export interface Clause {
  readonly type: string;
  readonly subtype: string;
  readonly quality: number;
  readonly parameters: ReadonlyMap<string, string>;
}

function negotiate(accept: string, endpoint: Endpoint): Format | undefined {
  for (const clause of acceptClauses(accept)) {
    for (const encoding of encodings) {
      if (!names(clause, encoding)) continue;
      const format = formatOf(clause, encoding, endpoint);
      if (format !== undefined) return format;
    }
  }
  return undefined;
}

/** The parts of an Accept header, best first. */
export function acceptClauses(accept: string): readonly Clause[] {
  return inOrder(accept.split(',').flatMap(parseClause));
}

function names({ type, subtype }: Clause, encoding: Encoding): boolean {
  if (type === '*' && subtype === '*') return true;
  return type === 'application' && (subtype === '*' || mediaTypes[encoding] === `application/${subtype}`);
}

/** Go's insertion sort over goautoneg's order, which is no total order: the outcome depends on the way it is sorted. */
function inOrder(clauses: Clause[]): readonly Clause[] {
  for (let at = 1; at < clauses.length; at++) {
    for (let to = at; to > 0; to--) {
      const [before, after] = [clauses[to - 1], clauses[to]];
      if (before === undefined || after === undefined || !goesBefore(after, before)) break;
      clauses[to - 1] = after;
      clauses[to] = before;
    }
  }
  return clauses;
}

function goesBefore(a: Clause, b: Clause): boolean {
  return a.quality > b.quality || (a.type !== '*' && b.type === '*') || (a.subtype !== '*' && b.subtype === '*');
}

const trim = (text: string): string => text.replace(/^ +| +$/g, '');

/** Clauses and parameters that cannot be read are left out (goautoneg, ParseAccept). */
function parseClause(text: string): Clause[] {
  const [range = '', ...rest] = trim(text).split(';');
  const [type = '', subtype = '', more] = range.split('/').map(trim);
  if (more !== undefined || (subtype === '' && type !== '*')) return [];
  const parameters = new Map<string, string>();
  let quality = 1;
  for (const part of rest) {
    const [name = '', value = '', further] = part.split('=');
    if (value === '' || further !== undefined) continue;
    if (trim(name) === 'q') quality = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) ? Number(value) : 0;
    else parameters.set(trim(name), trim(value));
  }
  return [{ type, subtype: subtype === '' ? '*' : subtype, quality, parameters }];
}

function formatOf({ parameters }: Clause, encoding: Encoding, endpoint: Endpoint): Format | undefined {
  const stream = parameters.get('stream');
  if (stream !== undefined && (stream !== 'watch' || encoding === 'yaml')) return undefined;
  // No server version can be asked for.
  if (parameters.has('sv') && (parameters.get('sv') !== 'v1' || endpoint === 'plain')) return undefined;
  const target = targetOf(parameters);
  if (!canMake(endpoint, encoding, target)) return undefined;
  return {
    encoding,
    transform: endpoint === 'discovery' ? undefined : (target?.kind as Transform),
    version: target?.version ?? 'v1',
    pretty: parameters.get('pretty') === '1',
    aggregated: endpoint === 'discovery' && target !== undefined,
  };
}

function targetOf(parameters: Clause['parameters']): Target | undefined {
  if (!parameters.has('as') && !parameters.has('g') && !parameters.has('v')) return undefined;
  return { kind: parameters.get('as') ?? '', group: parameters.get('g') ?? '', version: parameters.get('v') ?? '' };
}

function notAcceptable(accepted: string): ApiError {
  return new ApiError('NotAcceptable', `only the following media types are accepted: ${accepted}`);
}

/** Watches come in no YAML. Throws 406. */
export function streamFormat(format: Format): Format {
  if (format.encoding === 'yaml') throw notAcceptable(streamed);
  return format;
}

/** What a route can produce besides its own types: lists and watches stream too. */
export const objectTypes: readonly string[] = encodings.map((encoding) => mediaTypes[encoding]);
export const collectionTypes: readonly string[] = [...objectTypes, ...streamed.split(', ')];

/**
 * The router's own look at the Accept header, before any handler's (go-restful, Route.matchesAccept): of all wildcards it knows only
 * the one for everything, parameters and quality mean nothing to it. Throws 406.
 */
export function checkRoute(accept: string | undefined, produced: readonly string[]): void {
  if (accept === undefined || accept === '') return;
  const fits = accept.split(',').some((clause) => {
    const type = trim(clause.split(';', 1)[0] ?? '');
    return type === '*/*' || produced.includes(type);
  });
  if (fits) return;
  const text = `406: Not Acceptable\n\nAvailable representations: ${produced.join(', ')}`;
  throw new ApiError('NotAcceptable', text, { details: {} });
}

/** The router's look at the Content-Type of a patch (go-restful, Route.matchesContentType). Throws 415. */
export function checkPatchType(contentType: string | undefined, consumed: readonly string[]): void {
  const types = (contentType ?? '').split(',').map((clause) => trim(clause.split(';', 1)[0] ?? ''));
  if (types.some((type) => consumed.includes(type))) return;
  throw new ApiError('UnsupportedMediaType', '415: Unsupported Media Type', { details: {} });
}

/** A parameter as RFC 2045 has it; the value may be quoted. */
const parameterForm = /^\s*[\w!#$%&'*+.^`|~-]+\s*=\s*([\w!#$%&'*+.^`|~-]+|"([^"\\]|\\.)*")\s*$/;

/** The encoding of a body; JSON when it does not say. Throws 415. */
export function bodyEncoding(contentType: string | undefined): Encoding {
  const [type = '', ...parameters] = (contentType ?? '').split(';');
  const name = type.trim().toLowerCase();
  if (contentType === undefined || contentType === '') return 'json';
  const encoding = encodings.find((candidate) => mediaTypes[candidate] === name);
  const isWellFormed = parameters.every((text, at) => parameterForm.test(text) || (at === parameters.length - 1 && text.trim() === ''));
  if (encoding !== undefined && isWellFormed) return encoding;
  throw unsupportedMediaType(supported);
}

export function unsupportedMediaType(accepted: string): ApiError {
  return new ApiError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted}`,
  );
}
