/** Starts controllers over one set of shared informers. */
import type { Clock } from '../base/clock.ts';
import { Lifecycle } from '../base/lifecycle.ts';
import type { Running } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { Queues } from '../base/queue-metrics.ts';
import type { Client } from '../client/client.ts';
import { createRecorder } from '../client/events.ts';
import type { Informers } from '../client/informer-factory.ts';
import { createInformers } from '../client/informer-factory.ts';

import type { Controller, ControllerSettings } from './shared/controller.ts';
import { upstreamNames } from './shared/queue-names.ts';

export interface ControllersOptions extends ControllerSettings {
  /** One client, or one for each controller by its name, so that each acts under its own. */
  readonly client: Client | ((name: string) => Client);
  readonly clock: Clock;
  readonly logger: Logger;
  /** Informers shared with other parts of the process; the caller stops them. Default: own ones. */
  readonly informers?: Informers;
  readonly queues?: Queues;
  /** In the order they start. */
  readonly controllers: readonly Controller[];
}

export interface Controllers extends Running {
  /** Resolves when every cache is filled. */
  readonly synced: Promise<void>;
}

export function startThese(options: ControllersOptions): Controllers {
  const { client, clock, logger, informers: shared, queues, controllers: chosen, ...settings } = options;
  const clientFor = typeof client === 'function' ? client : (): Client => client;
  const lifecycle = new Lifecycle();
  // Stopped in reverse: loops first, then what they told is written, then the informers.
  const informers = shared ?? lifecycle.add(createInformers({ client: clientFor('informers'), clock, logger }));
  for (const controller of chosen) {
    const own = logger.child({ controller: controller.name });
    const client = clientFor(controller.name);
    const recorder = (component: string): ReturnType<typeof createRecorder> =>
      lifecycle.add(createRecorder({ client, clock, logger: own, component }));
    lifecycle.add(controller.start({ client, clock, logger: own, informers, queues: upstreamNames(queues), settings, recorder }));
  }
  return { synced: informers.synced, stop: () => lifecycle.stop(), [Symbol.asyncDispose]: () => lifecycle.stop() };
}
