import { ApiError, badRequest } from '../../api/errors.ts';
import { apiVersionOf } from '../../api/object.ts';
import { documentAround, listHead } from '../../api/protobuf/document.ts';
import { encodeMessage } from '../../api/protobuf/encode.ts';
import { listMetaSchema } from '../../api/protobuf/document-schemas.ts';
import { parseFieldSelector, pinnedField } from '../../api/selectors.ts';
import type { ResourceDefinition } from '../../registry/definition.ts';
import type { ListRequest, ListResult } from '../../registry/store.ts';
import type { Exchange } from '../exchange.ts';
import { messageSchema } from '../messages.ts';
import { listParameters, type ListParameters } from '../options.ts';
import { sendJsonList, sendMessageList, sendValue } from '../respond.ts';
import { sharedList, sharedMessages } from '../shared-list.ts';
import { selectionOf } from '../../registry/selection.ts';
import { includeObjectOf, partialOf, tableOfEntries } from '../table.ts';
import { goTypeOf, type Scope } from './scope.ts';

/** GET of a collection: the cached bytes of its objects between a head and a tail. */
export async function list(scope: Scope): Promise<void> {
  const { exchange, store } = scope;
  const request = listRequest(scope, listParameters(exchange.query));
  sendList(scope, await store.list(request));
}

/** Throws 400 for selectors that do not fit the kind. */
export function listRequest({ exchange, store }: Scope, parameters: ListParameters): ListRequest {
  const { limit, resourceVersion, resourceVersionMatch } = parameters;
  return {
    ...selectionOf(store.definition, { ...parameters, namespace: exchange.info.namespace, ...namedByPath(exchange, parameters) }),
    ...(limit === undefined || limit <= 0 ? {} : { limit }),
    ...(parameters.continue === '' ? {} : { continue: parameters.continue }),
    ...(resourceVersion === '' ? {} : { resourceVersion }),
    ...(resourceVersionMatch === '' ? {} : { resourceVersionMatch }),
  };
}

/** /watch/pods/NAME means the one object of that name. Throws 400 for a selector that names another. */
export function namedByPath({ info }: Exchange, { fieldSelector }: ListParameters): { fieldSelector?: string } {
  if (info.name === '') return {};
  if (fieldSelector === '') return { fieldSelector: `metadata.name=${info.name}` };
  if (pinnedField(parseFieldSelector(fieldSelector), 'metadata.name') === info.name) return {};
  throw badRequest("fieldSelector metadata.name doesn't match requested name");
}

export function sendList(scope: Scope, result: ListResult): void {
  const { exchange, store, clock } = scope;
  const { definition } = store;
  const { format } = exchange;
  const metadata = listMetadata(result, definition);
  switch (format.transform) {
    case undefined: {
      if (format.encoding === 'protobuf') return sendMessages(scope, result);
      const head = `{"kind":"${definition.listKind}","apiVersion":"${apiVersionOf(definition)}","metadata":${JSON.stringify(metadata)},"items":[`;
      return sendJsonList(exchange, Buffer.from(head), sharedList(result.entries));
    }
    case 'PartialObjectMetadataList': {
      const items = result.entries.map(({ object }) => partialOf(object, format.version, definition));
      const document = {
        kind: 'PartialObjectMetadataList',
        apiVersion: `meta.k8s.io/${format.version}`,
        metadata,
        items: items.length === 0 ? null : items,
      };
      return sendValue(exchange, 200, document);
    }
    case 'Table': {
      const includeObject = includeObjectOf(exchange.query);
      const options = { definition, version: format.version, includeObject, now: clock.now(), headers: true };
      return sendValue(exchange, 200, tableOfEntries(result.entries, metadata, options));
    }
    case 'PartialObjectMetadata':
      throw new ApiError(
        'NotAcceptable',
        `you requested PartialObjectMetadata, but the requested object is a list (${goTypeOf(definition, definition.listKind)})`,
      );
  }
}

/** A list's message: its metadata, and the messages of its objects that all lists share. */
function sendMessages({ exchange, store: { definition }, messages }: Scope, result: ListResult): void {
  const schema = messageSchema(definition);
  if (schema === undefined) throw new Error(`${definition.kind} has no protobuf form`);
  const metadata = listHead(encodeMessage(listMetadata(result, definition), listMetaSchema()));
  const list = sharedMessages(result.entries, (entry) => messages.element(entry, schema));
  const type = { apiVersion: apiVersionOf(definition), kind: definition.listKind };
  const { head, tail } = documentAround(type, metadata.length + list.length);
  sendMessageList(exchange, Buffer.concat([head, metadata]), { list, tail });
}

function listMetadata(result: ListResult, { versionless }: ResourceDefinition): Record<string, unknown> {
  return {
    ...(versionless === true ? {} : { resourceVersion: String(result.revision) }),
    ...(result.continue === undefined ? {} : { continue: result.continue }),
    ...(result.remaining === undefined ? {} : { remainingItemCount: result.remaining }),
  };
}
