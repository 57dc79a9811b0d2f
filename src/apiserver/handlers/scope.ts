/** What every handler of a resource gets, and what they share. */
import { ApiError } from '../../api/errors.ts';
import { apiVersionOf, type KubeObject } from '../../api/object.ts';
import { documentParts } from '../../api/protobuf/document.ts';
import { encodeMessage } from '../../api/protobuf/encode.ts';
import { schemaOfKind } from '../../api/schema/facts.ts';
import type { Clock } from '../../base/clock.ts';
import type { ResourceDefinition } from '../../registry/definition.ts';
import { scaleKind } from '../../registry/scale.ts';
import { scaleDefinition } from '../scale-table.ts';
import type { Entry, ResourceStore } from '../../registry/store.ts';
import type { Exchange } from '../exchange.ts';
import { type Messages, messageSchema } from '../messages.ts';
import { sendJson, sendProtobuf, sendValue } from '../respond.ts';
import { includeObjectOf, partialOf, tableOf } from '../table.ts';

export interface Scope {
  readonly exchange: Exchange;
  readonly store: ResourceStore;
  readonly clock: Clock;
  readonly messages: Messages;
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
export function sendEntry(scope: Scope, code: number, entry: Entry): void {
  const { exchange, store } = scope;
  if (exchange.format.transform !== undefined) return sendTransformed(scope, code, entry.object);
  if (exchange.format.encoding === 'protobuf') return sendMessage(scope, code, entry);
  const prefix = exchange.info.subresource === 'scale' ? scalePrefix : definitionPrefix(store.definition);
  sendJson(exchange, code, [prefix, entry.json.subarray(1)]);
}

function sendMessage({ exchange, store: { definition }, messages }: Scope, code: number, entry: Entry): void {
  const isScale = exchange.info.subresource === 'scale';
  const { group, version, kind } = isScale ? scaleKind : definition;
  const schema = isScale ? schemaOfKind(group, version, kind) : messageSchema(definition);
  if (schema === undefined) throw new Error(`${kind} has no protobuf form`);
  const message = isScale ? encodeMessage(entry.object, schema) : messages.message(entry, schema);
  sendProtobuf(exchange, code, documentParts({ apiVersion: apiVersionOf({ group, version }), kind }, [message]));
}

/** Answers with an object of any kind (it carries its own kind). */
export function sendObject({ exchange }: Scope, code: number, object: KubeObject & { readonly kind: string }): void {
  sendValue(exchange, code, object);
}

function sendTransformed({ exchange, store, clock }: Scope, code: number, object: KubeObject): void {
  const { transform, version } = exchange.format;
  const definition = exchange.info.subresource === 'scale' ? scaleDefinition(store.definition) : store.definition;
  switch (transform) {
    case 'PartialObjectMetadata':
      return sendValue(exchange, code, partialOf(object, version, definition));
    case 'Table': {
      const includeObject = includeObjectOf(exchange.query);
      const metadata = { resourceVersion: object.metadata.resourceVersion };
      return sendValue(
        exchange,
        code,
        tableOf([object], metadata, { definition, version, includeObject, now: clock.now(), headers: true }),
      );
    }
    default:
      throw new ApiError(
        'NotAcceptable',
        `you requested PartialObjectMetadataList, but the requested object is not a list (${goTypeOf(definition, definition.kind)})`,
      );
  }
}

/** A kind as Go prints its internal type: `*core.Pod`. */
export function goTypeOf({ group }: ResourceDefinition, kind: string): string {
  const name = group === '' || group === 'events.k8s.io' ? 'core' : (group.split('.', 1)[0] ?? group);
  return `*${name}.${kind}`;
}
