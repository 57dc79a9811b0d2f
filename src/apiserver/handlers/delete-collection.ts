import { listParameters } from '../options.ts';
import { deleteRequest } from './delete.ts';
import { listRequest, sendList } from './list.ts';
import type { Scope } from './scope.ts';

/** DELETE of a collection: answers the list of what was there. */
export async function deleteCollection(scope: Scope): Promise<void> {
  const { exchange, store } = scope;
  const request = listRequest(scope, listParameters(exchange.query));
  const options = await deleteRequest(exchange);
  const result = await store.deleteCollection(request, options, exchange.context(options.dryRun === true ? { dryRun: true } : {}));
  sendList(scope, result);
}
