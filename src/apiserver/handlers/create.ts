import { badRequest } from '../../api/errors.ts';
import { apiVersionOf } from '../../api/object.ts';
import { bodyOf } from '../body.ts';
import { decodeBody, expectedKind } from '../decode.ts';
import { bodyEncoding } from '../media-type.ts';
import { writeParameters } from '../options.ts';
import type { Scope } from './scope.ts';
import { sendEntry, sendObject } from './scope.ts';

/** POST to a collection, or to a subresource with behaviour of its own. */
export async function create(scope: Scope): Promise<void> {
  const { exchange, store } = scope;
  const { namespace, name, subresource } = exchange.info;
  const expected = expectedKind(store.definition, subresource);
  const encoding = bodyEncoding(exchange.request.headers['content-type']);
  const body = await bodyOf(exchange);
  const parameters = writeParameters(exchange.query, 'CreateOptions');
  const object = decodeBody(body, expected, { encoding, validation: parameters.fieldValidation, warn: (text) => exchange.warn(text) });
  const context = exchange.context(contextOptions(parameters));
  if (subresource === '') {
    const entry = await store.create(namespace, object, context, { dryRun: parameters.dryRun });
    return sendEntry(scope, 201, entry);
  }
  const given = object.metadata.namespace ?? '';
  if (given !== '' && given !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  const answer = await store.connect(subresource, namespace, name, object, context);
  sendObject(scope, 201, { kind: answer.kind ?? expected.kind, apiVersion: answer.apiVersion ?? apiVersionOf(expected), ...answer });
}

export function contextOptions({ dryRun, fieldManager }: { readonly dryRun: boolean; readonly fieldManager: string }): {
  dryRun?: boolean;
  fieldManager?: string;
} {
  return { ...(dryRun ? { dryRun } : {}), ...(fieldManager === '' ? {} : { fieldManager }) };
}
