import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { createAuthority, issue } from '../auth/certificates.ts';
import { realClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { MetricRegistry } from '../base/metrics.ts';
import { createInformers } from '../client/informer-factory.ts';
import { refs } from '../client/refs.ts';
import { createFakeClient } from '../client/testing/fake-client.ts';
import type { IngressPlan } from './ingress.ts';
import { startIngressController } from './ingress.ts';
import { resolveSettings } from './settings.ts';

/** Starts it with these flags; answers what was said and whether there is a class of ours then. */
async function start(flags: Record<string, unknown>): Promise<{ notes: string[]; hasClass: boolean }> {
  const notes: string[] = [];
  const client = createFakeClient({ clock: realClock });
  const informers = createInformers({ client, clock: realClock, logger: silentLogger });
  const settings = await resolveSettings({ command: 'server', flags, environment: {}, isRoot: true });
  const fallback: IngressPlan['fallback'] = async () =>
    issue(await createAuthority('test', Date.now()), { commonName: 'test', usage: 'server', days: 1 }, Date.now());
  const reporter = { step: () => undefined, note: (text: string) => void notes.push(text) };
  const common = {
    clock: realClock,
    logger: silentLogger,
    nodeIPs: [],
    apiServer: { metrics: { registry: new MetricRegistry() } },
    fallback,
  };
  const controller = await startIngressController({ ...common, settings, reporter, client: () => client, informers });
  await controller.stop();
  await informers.stop();
  return { notes, hasClass: client.peek(refs.ingressClasses, 'coracle') !== undefined };
}

test('it serves, unless it is switched off', async () => {
  const ports = { 'ingress-http-port': 0, 'ingress-https-port': 0 };
  expect(await start(ports)).toEqual({ notes: [], hasClass: true });
  expect(await start({ ...ports, disable: ['ingress'] })).toEqual({ notes: [], hasClass: false });
});

test('where a port is taken one line says so, and nothing is served', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, resolve));
  const { port } = other.address() as AddressInfo;
  const { notes, hasClass } = await start({ 'ingress-http-port': 0, 'ingress-https-port': port });
  other.close();
  expect(notes).toEqual([expect.stringContaining(`port ${port} is in use`)]);
  expect(hasClass).toBe(false);
});

test('only parts that are known can be left out', async () => {
  const sources = { command: 'server', flags: { disable: 'traefik' }, environment: {}, isRoot: true } as const;
  await expect(resolveSettings(sources)).rejects.toThrow('must be one of ingress');
});
