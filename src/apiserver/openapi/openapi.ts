/**
 * OpenAPI documents as pure values of what the registry serves. Entry point:
 * `openapiOf(registry, { descriptionsFile }).document(path, { query, accept })`.
 * Where, which headers and redirects: kube-openapi pkg/handler and pkg/handler3.
 */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { running, type Running } from '../../base/lifecycle.ts';
import type { ResourceDefinition } from '../../registry/definition.ts';
import type { Registry } from '../../registry/store.ts';
import { acceptClauses } from '../media-type.ts';
import { documentV2, documentV3 } from './documents.ts';
import { protobufV2 } from './protobuf-v2.ts';
import { readProse, type Prose } from './prose.ts';
import { sectionsOf } from './sections.ts';

export interface OpenApiDocument {
  readonly contentType: string;
  readonly body: Buffer;
  /** Quoted; for If-None-Match. The index of version 3 has none. */
  readonly etag: string | undefined;
  /** When there was first one like it. */
  readonly modifiedMs: number;
  /** The address carried the document's hash, so it may be kept forever: `Cache-Control: public, immutable`, Expires in a year. */
  readonly immutable: boolean;
}

/** 301 to `location`: the hash in the address is not the document's. */
export interface OpenApiRedirect {
  readonly contentType: string;
  readonly etag: string;
  readonly location: string;
}

export interface OpenApiOptions {
  /** Written by hack/descriptions.ts. Without it, or when it is missing, the documents have no prose. */
  readonly descriptionsFile?: string;
}

export interface OpenApiRequest {
  readonly query?: URLSearchParams;
  /** The Accept header. */
  readonly accept?: string | undefined;
}

export interface OpenApi extends Running {
  /**
   * The document at /openapi/v2 (JSON or protobuf), /openapi/v3 or /openapi/v3/PLACE undefined: nothing there, answer 404;
   * 'not acceptable': answer 406 without a body.
   */
  document(path: string, request?: OpenApiRequest): OpenApiDocument | OpenApiRedirect | 'not acceptable' | undefined;
}

/** Built documents that are kept; the largest take 2 MB. Clients read each one once and keep it by its hash. */
const keptDocuments = 4;

const hashOf = (data: string | Buffer): string => createHash('sha512').update(data).digest('hex').toUpperCase();

const json = 'application/json';
const protobuf = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
/** What a header may name, in the order of preference for wildcards, and what it stands for. */
const v2Forms: readonly (readonly [name: string, form: string])[] = [
  [json, json],
  ['application/com.github.proto-openapi.spec.v2@v1.0+protobuf', protobuf],
  [protobuf, protobuf],
];
const v3Forms = v2Forms.slice(0, 1);

/** The form that the header likes best; undefined: none. */
function formFor(accept: string | undefined, forms: typeof v2Forms): string | undefined {
  for (const { type, subtype } of acceptClauses(accept === undefined || accept === '' ? '*/*' : accept)) {
    const found = forms.find(([name]) => (type === '*' || type === 'application') && (subtype === '*' || name === `application/${subtype}`));
    if (found !== undefined) return found[1];
  }
  return undefined;
}

function fingerprint(file: string | undefined): string {
  const stats = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false });
  return stats === undefined ? '' : `${stats.size} ${stats.mtimeMs}`;
}

class Documents {
  readonly #definitions: readonly ResourceDefinition[];
  readonly #file: string | undefined;
  readonly madeMs = Date.now();
  readonly #hashes = new Map<string, string>();
  readonly #built = new Map<string, Buffer>();
  #sections: ReturnType<typeof sectionsOf> | undefined;
  #index: OpenApiDocument | undefined;
  /** Held weakly: several documents are built in one go, then none for a long time. */
  #prose: WeakRef<Prose> | undefined;

  constructor(definitions: readonly ResourceDefinition[], file: string | undefined) {
    this.#definitions = definitions;
    this.#file = file;
  }

  #sectionsByPlace(): ReturnType<typeof sectionsOf> {
    this.#sections ??= sectionsOf(this.#definitions);
    return this.#sections;
  }

  #readProse(): Prose {
    const known = this.#prose?.deref();
    if (known !== undefined) return known;
    const prose = readProse(this.#file);
    this.#prose = new WeakRef(prose);
    return prose;
  }

  /** Known without building the document: it is made of what the document is made from. */
  hash(place: string): string {
    const known = this.#hashes.get(place);
    if (known !== undefined) return known;
    const served = this.#definitions
      .filter(({ group, version }) => place === 'v2' || place === (group === '' ? `api/${version}` : `apis/${group}/${version}`))
      .map(({ group, version, resource, verbs, schema }) => [group, version, resource, verbs, schema]);
    const hash = hashOf(JSON.stringify([place, '1.36', fingerprint(this.#file), served]));
    this.#hashes.set(place, hash);
    return hash;
  }

  #body(place: string, build: () => Buffer): Buffer {
    const body = this.#built.get(place) ?? build();
    this.#built.delete(place);
    this.#built.set(place, body);
    for (const oldest of this.#built.keys()) {
      if (this.#built.size <= keptDocuments) break;
      this.#built.delete(oldest);
    }
    return body;
  }

  v2(form: string): Buffer {
    const build = (): object => documentV2([...this.#sectionsByPlace().values()].map((section) => section()), this.#readProse());
    if (form === protobuf) return this.#body('v2 protobuf', () => protobufV2(build()));
    return this.#body('v2', () => Buffer.from(JSON.stringify(build())));
  }

  v3(place: string): Buffer | undefined {
    const section = this.#sectionsByPlace().get(place);
    return section === undefined ? undefined : this.#body(place, () => Buffer.from(JSON.stringify(documentV3(section(), this.#readProse()))));
  }

  index(): OpenApiDocument {
    if (this.#index !== undefined) return this.#index;
    const places = [...this.#sectionsByPlace().keys()];
    const paths = Object.fromEntries(places.map((place) => [place, { serverRelativeURL: this.location(place) }]));
    const body = Buffer.from(JSON.stringify({ paths }));
    // Upstream's aggregator puts the index together and does not say what it is.
    this.#index = { contentType: 'text/plain; charset=utf-8', body, etag: undefined, modifiedMs: this.madeMs, immutable: false };
    return this.#index;
  }

  location(place: string): string {
    return `/openapi/v3/${place}?hash=${this.hash(place)}`;
  }
}

/** Documents made on first use; the last few are kept until the registry changes. Stop it to let go of the registry. */
export function openapiOf(registry: Pick<Registry, 'all' | 'onChange'>, options: OpenApiOptions = {}): OpenApi {
  let documents: Documents | undefined;
  const listening = registry.onChange(() => {
    documents = undefined;
  });
  const current = (): Documents => {
    documents ??= new Documents(
      registry.all().map((store) => store.definition),
      options.descriptionsFile,
    );
    return documents;
  };
  return {
    document(path, { query, accept } = {}) {
      if (path === '/openapi/v3') return current().index();
      const place = path === '/openapi/v2' ? 'v2' : path.startsWith('/openapi/v3/') ? path.slice('/openapi/v3/'.length) : undefined;
      if (place === undefined) return undefined;
      const form = formFor(accept, place === 'v2' ? v2Forms : v3Forms);
      if (form === undefined) return 'not acceptable';
      const all = current();
      const body = place === 'v2' ? all.v2(form) : all.v3(place);
      if (body === undefined) return undefined;
      const hash = all.hash(place);
      const etag = `"${hash}"`;
      const asked = path === '/openapi/v2' ? '' : (query?.get('hash') ?? '');
      if (asked !== '' && asked !== hash) return { location: all.location(place), contentType: form, etag };
      return { contentType: form, body, etag, modifiedMs: all.madeMs, immutable: asked !== '' };
    },
    ...running(() => listening.stop()),
  };
}
