/** Content negotiation (apiserver pkg/endpoints/handlers/negotiation): which form an answer takes, which form a body has. */
import { ApiError } from '../api/errors.ts';

/** An encoding that answers may have. */
export type Encoding = 'json' | 'yaml';

/** An encoding that bodies may have: protobuf is read, but not written (clients that speak it always accept JSON too). */
export type BodyEncoding = Encoding | 'protobuf';

export const mediaTypes: Readonly<Record<Encoding, string>> = { json: 'application/json', yaml: 'application/yaml' };
const encodings: ReadonlyMap<string, Encoding> = new Map([
  ['application/json', 'json'],
  ['application/yaml', 'yaml'],
]);
const bodyEncodings: ReadonlyMap<string, BodyEncoding> = new Map([...encodings, ['application/vnd.kubernetes.protobuf', 'protobuf']]);
const supported = 'application/json, application/yaml';
const supportedBodies = 'application/json, application/yaml, application/vnd.kubernetes.protobuf';

/** What the objects of an answer are turned into. */
export type Transform = 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList' | undefined;

export interface Format {
  readonly encoding: Encoding;
  readonly transform: Transform;
  /** `v1` or `v1beta1` of meta.k8s.io for transforms. */
  readonly version: string;
  readonly pretty: boolean;
  /** Further parameters: `profile`, and `g`, `v`, `as` for discovery. */
  readonly parameters: ReadonlyMap<string, string>;
}

const none: ReadonlyMap<string, string> = new Map();
const plainJson: Format = Object.freeze({ encoding: 'json', transform: undefined, version: 'v1', pretty: false, parameters: none });

/** Answers to requests that were already seen often: clients send very few different Accept headers. */
export class Negotiator {
  readonly #known = new Map<string, Format>();

  /** Throws 406 when nothing the client accepts can be made. */
  format(accept: string | undefined): Format {
    if (accept === undefined || accept === '' || accept === 'application/json' || accept === '*/*') return plainJson;
    let format = this.#known.get(accept);
    if (format === undefined) {
      format = negotiate(accept);
      if (this.#known.size < 256) this.#known.set(accept, format);
    }
    return format;
  }
}

interface Clause {
  readonly type: string;
  readonly quality: number;
  readonly parameters: ReadonlyMap<string, string>;
}

function negotiate(accept: string): Format {
  const clauses = accept
    .split(',')
    .map(parseClause)
    .filter(({ quality }) => quality > 0);
  for (const clause of clauses.sort((a, b) => b.quality - a.quality || specificity(b) - specificity(a))) {
    const format = formatOf(clause);
    if (format !== undefined) return format;
  }
  throw new ApiError('NotAcceptable', `only the following media types are accepted: ${supported}`);
}

function specificity({ type }: Clause): number {
  return type === '*/*' ? 0 : type.endsWith('/*') ? 1 : 2;
}

function parseClause(text: string): Clause {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim());
  const parameters = new Map<string, string>();
  for (const part of rest) {
    const at = part.indexOf('=');
    if (at > 0)
      parameters.set(
        part.slice(0, at).trim(),
        part
          .slice(at + 1)
          .trim()
          .replace(/^"|"$/g, ''),
      );
  }
  const quality = Number(parameters.get('q') ?? '1');
  parameters.delete('q');
  return { type: type.toLowerCase(), quality: Number.isNaN(quality) ? 1 : quality, parameters };
}

const transforms: ReadonlySet<string> = new Set(['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList']);

function formatOf({ type, parameters }: Clause): Format | undefined {
  const encoding = type === '*/*' || type === 'application/*' ? 'json' : encodings.get(type);
  if (encoding === undefined) return undefined;
  const as = parameters.get('as');
  const stream = parameters.get('stream');
  if (stream !== undefined && stream !== '' && stream !== 'watch') return undefined;
  const known = as !== undefined && transforms.has(as) && parameters.get('g') === 'meta.k8s.io';
  return {
    encoding,
    transform: known ? (as as Transform) : undefined,
    version: parameters.get('v') ?? 'v1',
    pretty: parameters.get('pretty') === '1',
    parameters: as !== undefined && !known ? parameters : parameters.size === 0 ? none : parameters,
  };
}

/** Handlers of objects accept only transforms they know: a clause such as `as=APIGroupDiscoveryList` is not for them. */
export function objectFormat(format: Format): Format {
  if (format.transform === undefined && format.parameters.has('as')) {
    throw new ApiError('NotAcceptable', `only the following media types are accepted: ${supported}`);
  }
  return format;
}

/** For answers that have no table form: the next best the client accepts. Throws 406 when there is none. */
export function withoutTable(accept: string): Format {
  const others = accept.split(',').filter((clause) => parseClause(clause).parameters.get('as') !== 'Table');
  return negotiate(others.join());
}

/** The encoding of a body; JSON when it does not say. Throws 415. */
export function bodyEncoding(contentType: string | undefined): BodyEncoding {
  const type = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const encoding = type === '' ? 'json' : bodyEncodings.get(type);
  if (encoding !== undefined) return encoding;
  throw unsupportedMediaType(supportedBodies);
}

export function unsupportedMediaType(accepted: string): ApiError {
  return new ApiError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted}`,
  );
}
