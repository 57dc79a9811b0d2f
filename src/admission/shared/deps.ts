/** What the plugins are given. */
import type { Clock } from '../../base/clock.ts';
import type { Registry } from '../../registry/store.ts';

export interface AdmissionDeps {
  /** A function, as the registry is made with the plugins. */
  readonly registry: () => Registry;
  /** Default: the real one. */
  readonly clock?: Clock;
  /** In [0, 1), for generated names. Default Math.random. */
  readonly random?: () => number;
}
