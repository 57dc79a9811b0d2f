/** What every handler of a resource gets, and what they share. */
import { apiVersionOf, type KubeObject } from '../../api/object.ts';
import type { Clock } from '../../base/clock.ts';
import type { ResourceDefinition } from '../../registry/definition.ts';
import { scaleKind } from '../../registry/scale.ts';
import type { Entry, ResourceStore } from '../../registry/store.ts';
import type { Exchange } from '../exchange.ts';
import { objectFormat } from '../media-type.ts';
import { sendJson, sendValue } from '../respond.ts';
import { includeObjectOf, partialOf, tableOf } from '../table.ts';
import { ApiError } from '../../api/errors.ts';

export interface Scope {
  readonly exchange: Exchange;
  readonly store: ResourceStore;
  readonly clock: Clock;
}

export type Handler = (scope: Scope) => Promise<void>;

/** `{"kind":"Pod","apiVersion":"v1",`: goes before an entry's JSON without its brace. */
export function prefixOf({ group, version, kind }: { readonly group: string; readonly version: string; readonly kind: string }): Buffer {
  return Buffer.from(`{"kind":"${kind}","apiVersion":"${apiVersionOf({ group, version })}",`);
}

/** Prefixes by definition, made once each. */
const prefixes = new WeakMap<ResourceDefinition, Buffer>();

export function definitionPrefix(definition: ResourceDefinition): Buffer {
  let prefix = prefixes.get(definition);
  if (prefix === undefined) {
    prefix = prefixOf(definition);
    prefixes.set(definition, prefix);
  }
  return prefix;
}

const scalePrefix = prefixOf(scaleKind);

/** Answers with one object in the negotiated form. */
export function sendEntry({ exchange, store, clock }: Scope, code: number, entry: Entry): void {
  const { definition } = store;
  const format = objectFormat(exchange.format);
  if (format.transform === undefined) {
    const prefix = exchange.info.subresource === 'scale' ? scalePrefix : definitionPrefix(definition);
    return sendJson(exchange, code, [prefix, entry.json.subarray(1)]);
  }
  sendTransformed({ exchange, store, clock }, code, entry.object);
}

/** Answers with an object of any kind (it carries its own kind). */
export function sendObject({ exchange }: Scope, code: number, object: KubeObject): void {
  sendValue(exchange, code, object);
}

function sendTransformed({ exchange, store, clock }: Scope, code: number, object: KubeObject): void {
  const { transform, version } = exchange.format;
  switch (transform) {
    case 'PartialObjectMetadata':
      return sendValue(exchange, code, partialOf(object, version));
    case 'Table': {
      const includeObject = includeObjectOf(exchange.query);
      const metadata = { resourceVersion: object.metadata.resourceVersion };
      return sendValue(
        exchange,
        code,
        tableOf([object], metadata, { definition: store.definition, version, includeObject, now: clock.now(), headers: true }),
      );
    }
    default:
      throw new ApiError(
        'NotAcceptable',
        `you requested PartialObjectMetadataList, but the requested object is not a list (${store.definition.kind})`,
      );
  }
}
