import { cloneObject } from '../../api/object.ts';
import { bodyOf } from '../body.ts';
import { decodeBody, expectedKind } from '../decode.ts';
import { bodyEncoding } from '../media-type.ts';
import { writeParameters } from '../options.ts';
import { contextOptions } from './create.ts';
import type { Scope } from './scope.ts';
import { sendEntry } from './scope.ts';

/** PUT of an object, its status, its scale or another subresource. */
export async function update(scope: Scope): Promise<void> {
  const { exchange, store } = scope;
  const { namespace, name, subresource } = exchange.info;
  const expected = expectedKind(store.definition, subresource);
  const encoding = bodyEncoding(exchange.request.headers['content-type']);
  const body = await bodyOf(exchange);
  const parameters = writeParameters(exchange.query, 'UpdateOptions');
  const object = decodeBody(body, expected, { encoding, validation: parameters.fieldValidation, warn: (text) => exchange.warn(text) });
  // An unconditional update may be tried more than once, and each attempt may change its copy.
  const request = { name, namespace, subresource, update: () => cloneObject(object), retryOnConflict: false, dryRun: parameters.dryRun };
  const { entry, created } = await store.update(request, exchange.context(contextOptions(parameters)));
  sendEntry(scope, created ? 201 : 200, entry);
}
