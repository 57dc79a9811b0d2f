import { bodyOf } from '../body.ts';
import { decodeDeleteOptions } from '../decode.ts';
import { bodyEncoding } from '../media-type.ts';
import { deleteParameters } from '../options.ts';
import { sendValue } from '../respond.ts';
import type { DeleteRequest, Entry } from '../../registry/store.ts';
import type { Exchange } from '../exchange.ts';
import type { Scope } from './scope.ts';
import { sendEntry } from './scope.ts';

/** Resources whose last state is the answer to their deletion (ReturnDeletedObject in pkg/registry); the others answer a Status. */
const returnDeleted: ReadonlySet<string> = new Set([
  '/namespaces',
  '/persistentvolumeclaims',
  '/persistentvolumes',
  '/pods',
  '/podtemplates',
  '/resourcequotas',
  '/serviceaccounts',
  '/services',
  'resource.k8s.io/deviceclasses',
  'resource.k8s.io/resourceclaims',
  'resource.k8s.io/resourceclaimtemplates',
  'resource.k8s.io/resourceslices',
  'storage.k8s.io/csidrivers',
  'storage.k8s.io/csinodes',
  'storage.k8s.io/storageclasses',
  'storage.k8s.io/volumeattachments',
  'storage.k8s.io/volumeattributesclasses',
]);

/** DELETE of one object. */
export async function deleteOne(scope: Scope): Promise<void> {
  const { exchange, store } = scope;
  const { namespace, name } = exchange.info;
  const { group, resource } = store.definition;
  const request = await deleteRequest(exchange);
  const context = exchange.context(request.dryRun === true ? { dryRun: true } : {});
  const { entry, gone } = await store.delete(namespace, name, request, context);
  const code = !gone && request.orphanDependents === false ? 202 : 200;
  if (!gone || returnDeleted.has(`${group}/${resource}`)) return sendEntry(scope, code, entry);
  sendValue(exchange, code, deletedStatus(entry, { group, resource }));
}

/** DeleteOptions of the body, or of the query when there is no body. */
export async function deleteRequest(exchange: Exchange): Promise<DeleteRequest> {
  const request = await givenRequest(exchange);
  const { group, resource } = exchange.info;
  if (group === 'batch' && resource === 'jobs' && request.propagationPolicy === undefined && request.orphanDependents === undefined)
    exchange.warn(podsArePreserved);
  return request;
}

/** Of all kinds only jobs orphan by default (pkg/registry/batch/job/storage). */
const podsArePreserved =
  'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set ' +
  'propagationPolicy=Orphan to suppress this warning';

async function givenRequest(exchange: Exchange): Promise<DeleteRequest> {
  const { headers } = exchange.request;
  const hasBody = headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
  const body = hasBody ? await bodyOf(exchange) : undefined;
  if (body === undefined) exchange.requestBytes = 0;
  if (body === undefined || body.length === 0) return deleteParameters(undefined, exchange.query);
  return deleteParameters(decodeDeleteOptions(body, bodyEncoding(headers['content-type'])), exchange.query);
}

function deletedStatus(entry: Entry, { group, resource }: { readonly group: string; readonly resource: string }) {
  const details = { name: entry.name, ...(group === '' ? {} : { group }), kind: resource, uid: entry.object.metadata.uid };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
}
