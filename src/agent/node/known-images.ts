/** The images that the runtime has. It is asked only now and then, and nobody waits for it: it may hang. */
import type { Clock } from '../../base/clock.ts';
import { delay } from '../../base/clock.ts';
import type { Image, Runtime } from '../runtimes/runtime.ts';

const goodForMs = 5 * 60_000;
/** The first answer is waited for so long, in ms. */
const firstMs = 2000;

export interface KnownImages {
  readonly list: () => Promise<readonly Image[]>;
  /** There are others now. */
  readonly changed: () => void;
}

export function rememberImages(runtime: Pick<Runtime, 'listImages'>, clock: Clock): KnownImages {
  let known: readonly Image[] | undefined;
  let at = -Infinity;
  let asking: Promise<void> | undefined;
  const ask = async (): Promise<void> => {
    try {
      known = await runtime.listImages();
      at = clock.monotonic();
    } catch {
      // What was known before still holds.
    } finally {
      asking = undefined;
    }
  };
  return {
    list: async () => {
      if (asking === undefined && clock.monotonic() - at >= goodForMs) asking = ask();
      if (known === undefined && asking !== undefined) await Promise.race([asking, delay(clock, firstMs)]);
      return known ?? [];
    },
    changed: () => void (at = -Infinity),
  };
}
