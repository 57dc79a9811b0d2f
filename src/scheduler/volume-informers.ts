/** {@link VolumeView} over informers and a client. */
import type { Clock } from '../base/clock.ts';
import { running, type Running } from '../base/lifecycle.ts';
import type { Client } from '../client/client.ts';
import type { Informers } from '../client/informer-factory.ts';
import { refs } from '../client/refs.ts';
import { storageClassOf } from './volume-matching.ts';
import type { VolumeView, VolumeWriter } from './volume-view.ts';
import { PromisedObjects } from './volume-view.ts';

export interface VolumeInformersOptions {
  readonly informers: Informers;
  readonly client: Client;
  readonly clock: Clock;
}

/** Stopping it ends all waiting with an error. */
export function volumeInformers({ informers, client, clock }: VolumeInformersOptions): { view: VolumeView; following: Running } {
  const claims = informers.of(refs.persistentVolumeClaims);
  const volumes = informers.of(refs.persistentVolumes);
  const classes = informers.of(refs.storageClasses);
  const csiNodes = informers.of(refs.csiNodes);
  const drivers = informers.of(refs.csiDrivers);
  const capacities = informers.of(refs.csiStorageCapacities);
  const attachments = informers.of(refs.volumeAttachments);
  attachments.addIndexer('nodeName', ({ spec }) => [spec.nodeName]);
  volumes.addIndexer('storageClass', (volume) => [storageClassOf(volume)]);
  const promisedClaims = new PromisedObjects((key) => claims.store.get(key));
  const promisedVolumes = new PromisedObjects((name) => volumes.store.get(name));
  const waiting = waiter(clock);
  const changed = { add: waiting.check, update: waiting.check, delete: waiting.check };
  const handlers = [claims.handle(changed), volumes.handle(changed)];
  const writer: VolumeWriter = {
    updateVolume: (volume) => client.resource(refs.persistentVolumes).update(volume),
    updateClaim: (claim) => client.resource(refs.persistentVolumeClaims).update(claim),
    until: waiting.until,
  };
  const view: VolumeView = {
    claim: (key) => promisedClaims.get(key),
    storedClaim: (key) => claims.store.get(key),
    volume: (name) => promisedVolumes.get(name),
    storedVolume: (name) => volumes.store.get(name),
    volumesOfClass: (name) =>
      [...volumes.store.byIndex('storageClass', name)].map((volume) => promisedVolumes.current(volume.metadata.name, volume)),
    storageClass: (name) => classes.store.get(name),
    csiNode: (node) => csiNodes.store.get(node),
    csiDriver: (name) => drivers.store.get(name),
    capacities: () => capacities.store.values(),
    attachments: (node) => attachments.store.byIndex('nodeName', node),
    promises: {
      volume: (object) => promisedVolumes.set(object),
      claim: (object) => promisedClaims.set(object),
      dropVolume: (name) => promisedVolumes.drop(name),
      dropClaim: (key) => promisedClaims.drop(key),
    },
    writer,
  };
  const following = running(async () => {
    for (const handler of handlers) await handler.stop();
    waiting.stop();
  });
  return { view, following };
}

interface Waiter {
  readonly until: (done: () => boolean, timeoutMs: number) => Promise<void>;
  readonly check: () => void;
  readonly stop: () => void;
}

function waiter(clock: Clock): Waiter {
  const waiting = new Set<{ readonly done: () => boolean; readonly settle: (error?: Error) => void }>();
  const check = (): void => {
    for (const { done, settle } of [...waiting]) {
      try {
        if (done()) settle();
      } catch (error) {
        settle(error instanceof Error ? error : new Error(String(error)));
      }
    }
  };
  return {
    check,
    stop: () => {
      for (const { settle } of [...waiting]) settle(new Error('the scheduler is stopping'));
    },
    until: (done, timeoutMs) =>
      new Promise((resolve, reject) => {
        const entry = {
          done,
          settle: (error?: Error): void => {
            waiting.delete(entry);
            cancel();
            if (error === undefined) resolve();
            else reject(error);
          },
        };
        const cancel = clock.after(timeoutMs, () => entry.settle(new Error('context deadline exceeded')));
        waiting.add(entry);
        check();
      }),
  };
}
