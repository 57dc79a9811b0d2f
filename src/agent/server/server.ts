import type { Pod } from '../../api/generated/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { Running } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import type { Informer } from '../../client/informer.ts';
import type { Machine } from '../node/machine.ts';
import type { KubeletServerOptions } from '../options.ts';
import type { PodDeps } from '../pods/deps.ts';
import type { PodManager } from '../pods/pod-manager.ts';

export interface ServerOptions extends KubeletServerOptions {
  readonly deps: PodDeps;
  readonly pods: Informer<Pod>;
  readonly managed: Promise<PodManager>;
  readonly nodeName: string;
  readonly machine: Machine;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface KubeletServer extends Running {
  readonly port: number;
}

export async function startKubeletServer(options: ServerOptions): Promise<KubeletServer> {
  return { port: options.port, stop: async () => undefined, [Symbol.asyncDispose]: async () => undefined };
}
