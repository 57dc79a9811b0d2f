import { badRequest } from '../../api/errors.ts';
import { MadeEntry } from '../../registry/made-entry.ts';
import { scaleOf } from '../../registry/scale.ts';
import type { Scope } from './scope.ts';
import { sendEntry } from './scope.ts';

/** GET of one object, of its status or of its scale. */
export async function get(scope: Scope): Promise<void> {
  const { exchange, store } = scope;
  const { namespace, name, subresource } = exchange.info;
  if (exchange.rawQuery !== '') refuseExport(exchange.query.get('export'));
  const entry = await store.get(namespace, name, exchange.rawQuery === '' ? '' : (exchange.query.get('resourceVersion') ?? ''));
  if (subresource !== 'scale') return sendEntry(scope, 200, entry);
  sendEntry(scope, 200, new MadeEntry(entry, entry.revision, scaleOf(store.definition, entry.object)));
}

/** What `export` once did is gone; only what reads as false may still say it (apiserver pkg/endpoints/handlers/get.go, GetResource). */
function refuseExport(value: string | null): void {
  if (value === null || value === '0' || value.toLowerCase() === 'false') return;
  throw badRequest('the export parameter, deprecated since v1.14, is no longer supported');
}
