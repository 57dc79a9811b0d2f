/** What every resource store is made of. */
import type { Clock } from '../base/clock.ts';
import type { Storage } from '../storage/storage.ts';
import type { AdmissionPlugin } from './admission.ts';
import type { ResourceCache, WatchCache } from './cache/cache.ts';
import type { ResourceDefinition } from './definition.ts';
import type { FieldManagers } from './managed-fields.ts';
import type { Measures } from './measures.ts';
import type { View } from './view.ts';

export interface Engine {
  readonly storage: Storage;
  readonly cache: WatchCache;
  readonly admission: readonly AdmissionPlugin[];
  readonly clock: Clock;
  readonly fields: FieldManagers;
  readonly measures: Measures;
  /** In [0, 1); for generated names. */
  readonly random: () => number;
}

/** One resource of the engine: what its verbs work on. */
export interface Resource {
  readonly engine: Engine;
  readonly definition: ResourceDefinition;
  readonly cache: ResourceCache;
  readonly view: View;
}
