/** The listeners of the proxy's own health and metrics. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { Running } from '../../base/lifecycle.ts';
import { running } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import type { HealthHandlersOptions } from './proxy-health.ts';
import { healthHandlers } from './proxy-health.ts';

/** A port that is taken (another cluster on this machine) is done without, with a line of log. */
export async function startHealthServers(
  ports: { readonly healthz: number; readonly metrics: number },
  parts: HealthHandlersOptions,
  logger: Logger,
): Promise<Running> {
  const handlers = healthHandlers(parts);
  const servers = await Promise.all([
    open(handlers.health, { port: ports.healthz }, logger),
    open(handlers.metrics, { port: ports.metrics, host: '127.0.0.1' }, logger),
  ]);
  return running(async () => {
    for (const server of servers) {
      server?.closeAllConnections();
      await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
    }
  });
}

function open(handler: RequestListener, at: { port: number; host?: string }, logger: Logger): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer(handler);
    server.on('error', (error) => {
      logger.info({ err: error }, `the proxy does without its health port ${String(at.port)}`);
      resolve(undefined);
    });
    server.listen(at, () => resolve(server));
  });
}
