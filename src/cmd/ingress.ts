/** Wires the built-in Ingress controller into a server, where its ports can be had. */
import type { KeyPair } from '../auth/certificates.ts';
import type { Clock } from '../base/clock.ts';
import { running, type Running } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { MetricRegistry } from '../base/metrics.ts';
import type { Client } from '../client/client.ts';
import type { Informers } from '../client/informer-factory.ts';
import type { Settings } from './options.ts';
import type { Reporter } from './reporter.ts';

export interface IngressPlan {
  readonly settings: Settings;
  readonly reporter: Reporter;
  readonly client: (name: string) => Client;
  readonly informers: Informers;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly nodeIPs: readonly string[];
  /** Its /metrics shows the figures. */
  readonly apiServer: { readonly metrics: { readonly registry: MetricRegistry } };
  /** The certificate for names that no Ingress has one for. */
  readonly fallback: () => Promise<KeyPair>;
}

const nothing = running(() => undefined);

/** Nothing runs when it is switched off or a port is taken: then one line says so and the cluster goes on without. */
export async function startIngressController(plan: IngressPlan): Promise<Running> {
  const { settings, reporter } = plan;
  if (settings.disable.includes('ingress')) return nothing;
  const httpPort = settings['ingress-http-port'];
  const httpsPort = settings['ingress-https-port'];
  const { startIngress } = await import('../ingress/ingress.ts');
  try {
    const addresses = plan.nodeIPs;
    const trustedProxies = settings['ingress-trusted-proxies'];
    const parts = { ...plan, client: plan.client('ingress'), metrics: plan.apiServer.metrics.registry, addresses, trustedProxies };
    return await startIngress({ ...parts, httpPort, httpsPort, fallback: await plan.fallback() });
  } catch (error) {
    const { code, port } = error as NodeJS.ErrnoException & { port?: number };
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error;
    const reason = code === 'EACCES' ? 'may not be opened by this user' : 'is in use';
    reporter.note(
      `Ingress is not served: port ${String(port ?? httpPort)} ${reason} (--ingress-http-port, --ingress-https-port, --disable ingress).`,
    );
    return nothing;
  }
}
