import { join } from 'node:path';
import type { Settings } from './options.ts';

/** Where snapshots are kept: beside the data unless said otherwise. */
export function snapshotDir(settings: Pick<Settings, 'data-dir' | 'snapshot-dir'>): string {
  return settings['snapshot-dir'] ?? join(settings['data-dir'], 'snapshots');
}
