/** A fake cluster for controller tests: fake client, paused clock, the controllers asked for. */
import { FakeClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import type { FakeClient, FakeClientOptions } from '../../client/testing/fake-client.ts';
import { createFakeClient } from '../../client/testing/fake-client.ts';
import { settle } from '../../client/testing/until.ts';
import type { Controller, ControllerSettings } from '../shared/controller.ts';
import { startThese } from '../start.ts';

export interface Bench extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly client: FakeClient;
  /** Lets everything run that can without time passing. */
  settle(): Promise<void>;
}

export interface BenchOptions {
  readonly seed?: (client: FakeClient) => void;
  readonly settings?: Partial<ControllerSettings>;
  readonly deliver?: FakeClientOptions['deliver'];
}

export async function startBench(controllers: readonly Controller[], options: BenchOptions = {}): Promise<Bench> {
  const clock = new FakeClock();
  const client = createFakeClient({ clock, ...(options.deliver === undefined ? {} : { deliver: options.deliver }) });
  options.seed?.(client);
  const settings = { clusterCIDRs: [], serviceCIDRs: [], rootCA: undefined, ...options.settings };
  const running = startThese({ client, clock, logger: silentLogger, controllers, ...settings });
  await running.synced;
  await settle(50);
  return { clock, client, settle: () => settle(50), [Symbol.asyncDispose]: () => running.stop() };
}
