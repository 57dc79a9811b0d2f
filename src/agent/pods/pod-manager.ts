/** A worker for every pod that the API has bound to this node, and an end for what the runtime has beyond that. */
import type { Node, Pod } from '../../api/generated/types.ts';
import type { Running } from '../../base/lifecycle.ts';
import { running } from '../../base/lifecycle.ts';
import type { Informer } from '../../client/informer.ts';
import { refs } from '../../client/refs.ts';
import type { PodState, RuntimeEvent } from '../runtimes/runtime.ts';
import type { ManifestSource } from '../static-pods/manifests.ts';
import { startStaticPods, type StaticPodHost } from '../static-pods/static-pods.ts';
import { shutdownRejection } from '../node/shutdown.ts';
import { reject, type Rejection } from './admission.ts';
import type { PodDeps } from './deps.ts';
import { podText } from './model.ts';
import { removeOrphan, removeOrphanFolders } from './orphans.ts';
import { startPendingResizes } from './pending-resizes.ts';
import { terminalPhases } from './status-writer.ts';
import { PodWorker } from './worker.ts';

export interface PodManager extends Running {
  /** Workers by pod uid. */
  readonly workers: ReadonlyMap<string, PodWorker>;
}

/** How often the runtime is compared with what is believed, while there are pods; one that only simulates misses nothing. */
const relistMs = 60_000;

/** How long what could not be taken over is left alone. */
const adoptAgainMs = 2000;

export interface PodManagerOptions {
  readonly deps: PodDeps;
  /** Where files ask for pods, if anywhere. */
  readonly manifests?: Pick<ManifestSource, 'path' | 'parse'> | undefined;
  /** The pods of this node. */
  readonly pods: Informer<Pod>;
  /** The machine goes down: no more pods are taken. */
  shuttingDown(): boolean;
}

/** Resolves when what an earlier agent left is taken over. */
export async function startPodManager(options: PodManagerOptions): Promise<PodManager> {
  const { deps, pods } = options;
  const workers = new Map<string, PodWorker>();
  const left = new Map((await deps.runtime.list()).map((state) => [state.pod.uid, state]));
  const relist = createRelist(deps, workers);
  const inTurn = createTurns();
  const resizes = startPendingResizes({ clock: deps.clock, pods: () => workers.values(), node: () => nodeOf(deps), inTurn });

  const open = (own: PodDeps, pod: Pod, ended: () => void = () => undefined): PodWorker => {
    const { uid } = pod.metadata;
    const gone = (): void => {
      workers.delete(uid);
      own.metrics.forget(pod);
      resizes.retry();
      ended();
    };
    const worker = new PodWorker(own, pod, { gone, resourcesChanged: () => resizes.retry() });
    workers.set(uid, worker);
    own.metrics.seen(pod);
    relist.soon();
    return worker;
  };
  const { take, stop: stopTaking } = createTaking({ ...{ options, workers, left, inTurn }, taken: () => resizes.retry() });
  const events = deps.runtime.watch((event: RuntimeEvent) => {
    if (event.type === 'resync') relist.now();
    else workers.get(event.podUid)?.onRuntimeEvent(event);
  });
  const host: StaticPodHost = {
    deps,
    pods,
    open: (own, pod, gone) => void take(open(own, pod, gone), left.get(pod.metadata.uid)),
    retire: (uid) => workers.get(uid)?.retire(),
  };
  // Files need no API server.
  const statics = options.manifests === undefined ? undefined : await startStaticPods(options.manifests, host);
  const add = (pod: Pod): void => {
    const known = workers.get(pod.metadata.uid);
    if (statics?.owns(pod) === true) statics.noteMirror(pod);
    else if (known !== undefined) known.update(pod);
    else void take(open(deps, pod), undefined);
  };

  await pods.synced;
  const known = new Map([...pods.store.values()].map((pod) => [pod.metadata.uid, pod]));
  const uids = new Set([...known.keys(), ...(statics?.uids() ?? [])]);
  if (deps.network !== undefined) void deps.network.then((ready) => ready.retain(uids)).catch(() => undefined);
  const adopt = async (state: PodState): Promise<void> => {
    const pod = known.get(state.pod.uid);
    if (pod !== undefined) await take(open(deps, pod), state);
    else if (!uids.has(state.pod.uid)) {
      deps.metrics.orphanFound();
      void removeOrphan(deps, state);
    }
  };
  const remains = new Set(left.keys());
  await Promise.all([...left.values()].map((state) => adopt(state)));
  // Those with containers are removed with these.
  void removeOrphanFolders(deps, (uid) => uids.has(uid) || workers.has(uid) || remains.has(uid));
  // Between list and watch something may have ended.
  relist.now();
  const handler = pods.handle({
    add: (pod) => add(pod),
    update: (old, pod) => {
      if (old.metadata.uid !== pod.metadata.uid) workers.get(old.metadata.uid)?.gone();
      add(pod);
    },
    delete: (pod) => (statics?.owns(pod) === true ? statics.noteMirror(pod) : workers.get(pod.metadata.uid)?.gone()),
  });
  const stop = running(async () => {
    stopTaking();
    relist.stop();
    await statics?.stop();
    await resizes.stop();
    await handler.stop();
    await events.stop();
    await Promise.all([...workers.values()].map((worker) => worker.halt()));
  });
  return { workers, ...stop };
}

type Turns = (work: () => Promise<void>) => Promise<void>;

/** One after the other, as each takes room from the next. */
function createTurns(): Turns {
  let last: Promise<void> = Promise.resolve();
  return (work) => {
    const done = last.then(work);
    // What goes wrong with one is no obstacle to the next.
    last = done.catch(() => undefined);
    return done;
  };
}

interface Taking {
  readonly options: PodManagerOptions;
  readonly workers: ReadonlyMap<string, PodWorker>;
  /** What an earlier agent left, by pod; what is taken over goes from it. */
  readonly left: Map<string, PodState>;
  readonly inTurn: Turns;
  readonly taken: () => void;
}

/** Lets a worker begin: when the node admits its pod, or with what there is of it. */
function createTaking({ options, workers, left, inTurn, taken }: Taking): {
  take: (worker: PodWorker, state: PodState | undefined) => Promise<void>;
  stop: () => void;
} {
  const { deps } = options;
  let stopped = false;
  const take = async (worker: PodWorker, state: PodState | undefined): Promise<void> => {
    if (state === undefined) return inTurn(() => admit(options, worker, workers));
    left.delete(worker.pod.metadata.uid);
    try {
      await worker.adopt(state);
    } catch (error) {
      deps.logger.warn({ err: error, pod: podText(worker.pod) }, 'what is left of a pod could not be taken over yet');
      deps.clock.after(adoptAgainMs, () => void takeAgain(worker));
      return;
    }
    worker.admit();
    taken();
  };
  const takeAgain = async (worker: PodWorker): Promise<void> => {
    const { uid } = worker.pod.metadata;
    if (stopped || workers.get(uid) !== worker) return;
    const states = await deps.runtime.list().catch(() => undefined);
    if (states === undefined) deps.clock.after(adoptAgainMs, () => void takeAgain(worker));
    else
      await take(
        worker,
        states.find(({ pod }) => pod.uid === uid),
      );
  };
  return { take, stop: () => void (stopped = true) };
}

interface Relist {
  /** Compares all pods with the runtime. */
  now(): void;
  /** There is a pod: compares now and then. */
  soon(): void;
  stop(): void;
}

function createRelist(deps: PodDeps, workers: ReadonlyMap<string, PodWorker>): Relist {
  let cancel: (() => void) | undefined;
  const now = (): void => {
    const began = deps.clock.monotonic();
    const compare = (worker: PodWorker): Promise<void> =>
      worker.resync().catch((error: unknown) => deps.logger.warn({ err: error }, 'a pod could not be compared'));
    void Promise.all([...workers.values()].map(compare)).then(() => deps.metrics.relisted(began));
  };
  const soon = (): void => {
    if (!deps.runtime.real) return;
    cancel ??= deps.clock.after(relistMs, () => {
      cancel = undefined;
      if (workers.size === 0) return;
      now();
      soon();
    });
  };
  return { now, soon, stop: () => cancel?.() };
}

function isOver({ metadata, status }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined || terminalPhases.has(status.phase);
}

async function admit(options: PodManagerOptions, worker: PodWorker, workers: ReadonlyMap<string, PodWorker>): Promise<void> {
  const refusal = async (): Promise<Rejection | undefined> => {
    try {
      return options.shuttingDown() ? shutdownRejection : await rejectionOf(options.deps, worker, workers.values());
    } catch (error) {
      return { reason: 'UnexpectedAdmissionError', message: error instanceof Error ? error.message : String(error) };
    }
  };
  const rejection = isOver(worker.pod) ? undefined : await refusal();
  if (rejection === undefined) worker.admit();
  else worker.reject(rejection);
}

/** Without an answer about the node the pod is taken: the scheduler has looked at it before. */
async function rejectionOf(deps: PodDeps, worker: PodWorker, workers: Iterable<PodWorker>): Promise<Rejection | undefined> {
  const node = await nodeOf(deps);
  const others = [...workers].filter((other) => other.active).map((other) => other.pod);
  return node === undefined
    ? undefined
    : reject(worker.pod, others, node, { appArmor: deps.runtime.appArmor, unsafeSysctls: deps.unsafeSysctls });
}

/** As the API has it; what it does not say of the room here (nobody wrote its status yet) the agent knows. */
async function nodeOf(deps: PodDeps): Promise<Node | undefined> {
  try {
    const node = await deps.client.resource(refs.nodes).get('', deps.nodeName);
    return { ...node, status: { ...node.status, allocatable: { ...deps.allocatable, ...node.status.allocatable } } };
  } catch (error) {
    deps.logger.debug({ err: error }, 'the node could not be read');
    return undefined;
  }
}
