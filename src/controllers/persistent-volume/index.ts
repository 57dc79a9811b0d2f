import type { PersistentVolume, PersistentVolumeClaim } from '../../api/generated/types.ts';
import { volumeAnnotations } from '../../api/volume-binding.ts';
import { jsonEqual } from '../../base/json-equal.ts';
import type { Running } from '../../base/lifecycle.ts';
import { Lifecycle } from '../../base/lifecycle.ts';
import type { Reconciler } from '../../client/reconcile.ts';
import type { Informer } from '../../client/informer.ts';
import { keyOf } from '../../client/informer-store.ts';
import { startReconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import type { Controller, ControllerContext } from '../shared/controller.ts';
import { claimsOf } from '../volume-protection/usage.ts';
import { byClaim, candidatesFor, ClaimSync, indexCandidates } from './claims.ts';
import { claimKeyOf, VolumeSync } from './volumes.ts';

/** Binds claims and volumes to each other; making and deleting volumes is left to provisioners. */
export const persistentVolumeBinder: Controller = {
  name: 'persistentvolume-binder-controller',
  watches: ['persistentvolumes', 'persistentvolumeclaims', 'storageclasses', 'pods', 'nodes'],
  start,
};

function start(context: ControllerContext): Running {
  const { client, clock, logger, queues, informers } = context;
  const lifecycle = new Lifecycle();
  const volumes = informers.of(refs.persistentVolumes);
  const claims = informers.of(refs.persistentVolumeClaims);
  const classes = informers.of(refs.storageClasses);
  const pods = informers.of(refs.pods);
  const nodes = informers.of(refs.nodes);
  pods.addIndexer(byClaim, claimsOf);
  volumes.addIndexer(candidatesFor, indexCandidates);
  indexClaims(claims);
  const recorder = context.recorder('persistentvolume-controller');
  const claimSync = new ClaimSync({
    client,
    recorder,
    volumes: volumes.store,
    classes: classes.store,
    pods: pods.store,
    nodes: nodes.store,
  });
  const volumeSync = new VolumeSync({ client, recorder, claims: claims.store, wake: (key) => claimLoop.enqueue(key) });
  const ready = Promise.all([volumes, claims, classes, pods, nodes].map((cache) => cache.synced));
  const common = { clock, logger, queues, ready };
  const claimLoop: Reconciler = lifecycle.add(
    startReconciler({
      name: 'persistentvolume-claims',
      ...common,
      // One at a time, so that two claims do not reach for the same volume.
      concurrency: 1,
      async reconcile(key) {
        const claim = claims.store.get(key);
        if (claim !== undefined) await claimSync.sync(claim);
        return undefined;
      },
    }),
  );
  const volumeLoop = lifecycle.add(
    startReconciler({
      name: 'persistentvolume-volumes',
      ...common,
      async reconcile(name) {
        const volume = volumes.store.get(name);
        if (volume !== undefined) await volumeSync.sync(volume);
        return undefined;
      },
    }),
  );
  const wakeUnbound = (): void => {
    for (const claim of claims.store.byIndex('unbound', '')) claimLoop.enqueue(keyOf(claim));
  };
  const wakeFor = (volume: PersistentVolume): void => {
    volumeLoop.enqueue(volume.metadata.name);
    const { claimRef } = volume.spec;
    if (claimRef !== undefined) claimLoop.enqueue(claimKeyOf(claimRef));
    for (const claim of claims.store.byIndex('volumeName', volume.metadata.name)) claimLoop.enqueue(keyOf(claim));
    // An available volume may be what somebody waits for.
    if (claimRef === undefined && volume.status.phase === 'Available') wakeUnbound();
  };
  lifecycle.add(volumes.handle({ add: wakeFor, update: (_old, volume) => wakeFor(volume), delete: wakeFor }));
  const seeClaim = (claim: PersistentVolumeClaim): void => {
    claimLoop.enqueue(keyOf(claim));
    if ((claim.spec.volumeName ?? '') !== '') volumeLoop.enqueue(claim.spec.volumeName ?? '');
  };
  lifecycle.add(claims.handle({ add: seeClaim, update: (_old, claim) => seeClaim(claim), delete: seeClaim }));
  // Nobody will make a volume on a node that is gone: the scheduler has to choose again.
  lifecycle.add(
    nodes.handle({
      delete: ({ metadata: { name } }) => {
        for (const claim of claims.store.byIndex('selectedNode', name)) claimLoop.enqueue(keyOf(claim));
      },
    }),
  );
  lifecycle.add(
    classes.handle({
      add: wakeUnbound,
      update: (old, storageClass) => (jsonEqual(old.metadata.annotations, storageClass.metadata.annotations) ? undefined : wakeUnbound()),
    }),
  );
  return lifecycle;
}

function indexClaims(claims: Informer<PersistentVolumeClaim>): void {
  claims.addIndexer('selectedNode', (claim) =>
    isBound(claim) ? [] : [claim.metadata.annotations?.[volumeAnnotations.selectedNode] ?? ''],
  );
  claims.addIndexer('volumeName', ({ spec }) => [spec.volumeName ?? '']);
  claims.addIndexer('unbound', (claim) => (isBound(claim) ? [] : ['']));
}

function isBound({ metadata }: PersistentVolumeClaim): boolean {
  return metadata.annotations?.[volumeAnnotations.bindCompleted] !== undefined;
}
