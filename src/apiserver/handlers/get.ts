import { MadeEntry } from '../../registry/made-entry.ts';
import { scaleOf } from '../../registry/scale.ts';
import type { Scope } from './scope.ts';
import { sendEntry } from './scope.ts';

/** GET of one object, of its status or of its scale. */
export async function get(scope: Scope): Promise<void> {
  const { exchange, store } = scope;
  const { namespace, name, subresource } = exchange.info;
  const entry = await store.get(namespace, name, exchange.rawQuery === '' ? '' : (exchange.query.get('resourceVersion') ?? ''));
  if (subresource !== 'scale') return sendEntry(scope, 200, entry);
  sendEntry(scope, 200, new MadeEntry(entry, entry.revision, scaleOf(store.definition, entry.object)));
}
