/**
 * Which servers of a shared datastore are there, for the Endpoints of the Service `kubernetes`: each keeps a key of its address
 * alive by a lease, as upstream's servers do (kube-apiserver pkg/controlplane/reconcilers/lease.go), so that both kinds see each other.
 */
import { isIP } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { delay } from '../base/clock.ts';
import { running, type Running } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { Storage } from '../storage/storage.ts';

const root = '/registry/masterleases/';
/** Upstream's DefaultEndpointReconcilerTTL and its interval. */
const leaseSeconds = 15;
const renewMs = 10_000;

export interface ServerAddressesOptions {
  readonly storage: Storage;
  /** Of this server, one a family. */
  readonly own: readonly string[];
  /** Called with the addresses of all servers, sorted, at first and whenever they may have changed. */
  readonly publish: (addresses: readonly string[]) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Resolves when the addresses have been published once. Stopping takes this server's out. */
export async function startServerAddresses(options: ServerAddressesOptions): Promise<Running> {
  const { storage, own, publish, clock, logger } = options;
  const abort = new AbortController();
  const round = async (): Promise<void> => {
    for (const address of own) await renew(storage, address);
    await publish(await addressesOf(storage));
  };
  await round();
  const rounds = async (): Promise<void> => {
    for (;;) {
      await delay(clock, renewMs, abort.signal);
      if (abort.signal.aborted) return;
      await round().catch((error: unknown) => logger.warn({ error: String(error) }, 'the addresses of the servers could not be renewed'));
    }
  };
  const done = rounds();
  return running(async () => {
    abort.abort();
    await done;
    await leave(options).catch(() => undefined);
  });
}

async function addressesOf(storage: Storage): Promise<string[]> {
  const { items } = await storage.range({ prefix: root });
  return items
    .map(({ key }) => key.slice(root.length))
    .filter((address) => isIP(address) !== 0)
    .toSorted();
}

async function renew(storage: Storage, address: string): Promise<void> {
  const key = root + address;
  const value = Buffer.from(
    JSON.stringify({
      kind: 'Endpoints',
      apiVersion: 'v1',
      metadata: { name: address, namespace: 'default' },
      subsets: [{ addresses: [{ ip: address }] }],
    }),
  );
  for (;;) {
    const expected = (await storage.get(key))?.modRevision ?? 0;
    if ((await storage.put(key, value, { expected, ttlSeconds: leaseSeconds })).done) return;
  }
}

async function leave({ storage, own, publish }: ServerAddressesOptions): Promise<void> {
  for (const address of own) {
    const kept = await storage.get(root + address);
    if (kept !== undefined) await storage.delete(kept.key, kept.modRevision);
  }
  const rest = await addressesOf(storage);
  if (rest.length > 0) await publish(rest);
}
