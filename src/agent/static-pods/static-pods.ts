/** Runs the pods of a folder of files, with or without an API server, and shows copies of them there. */
import { watch } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Pod } from '../../api/generated/types.ts';
import type { Running } from '../../base/lifecycle.ts';
import { running } from '../../base/lifecycle.ts';
import type { Informer } from '../../client/informer.ts';
import type { PodDeps } from '../pods/deps.ts';
import type { ManifestSource } from './manifests.ts';
import { readManifests } from './manifests.ts';
import { isMirror, Mirror } from './mirror.ts';

/** What the node does with a pod. */
export interface StaticPodHost {
  readonly deps: PodDeps;
  readonly pods: Informer<Pod>;
  /** Begins, or takes over what an earlier agent left; `gone` is called when nothing of it is left. */
  open(deps: PodDeps, pod: Pod, gone: () => void): void;
  /** Ends the pod with this uid, in its own time. */
  retire(uid: string): void;
}

export interface StaticPods extends Running {
  /** Whether the API's pod is one of the copies; the node has nothing to do with it but this. */
  owns(pod: Pod): boolean;
  /** A copy has come, changed or gone. */
  noteMirror(pod: Pod): void;
  /** Uids of the pods that files ask for. */
  uids(): ReadonlySet<string>;
}

interface Entry {
  readonly pod: Pod;
  readonly mirror: Mirror;
  /** What the files ask for once this one has ended. */
  next: Pod | 'nothing' | undefined;
}

/** Changes of files come in groups. */
const settleMs = 100;

/** Resolves when the pods that are there have begun. */
export async function startStaticPods(source: Omit<ManifestSource, 'nodeName' | 'logger'>, host: StaticPodHost): Promise<StaticPods> {
  const { deps, pods } = host;
  const { logger, nodeName, clock, client } = deps;
  const entries = new Map<string, Entry>();
  const find = (key: string): Pod | undefined => pods.store.get(key);

  const begin = (key: string, pod: Pod): void => {
    const mirror = new Mirror(pod, { client, clock, logger, nodeName, statuses: deps.statuses, find: () => find(key) });
    const entry: Entry = { pod, mirror, next: undefined };
    entries.set(key, entry);
    const own: PodDeps = { ...deps, statuses: { write: (_pod, status) => mirror.write(status) } };
    host.open(own, pod, () => ended(key, entry));
    void pods.synced.then(() => mirror.sync());
  };
  const ended = (key: string, entry: Entry): void => {
    if (entries.get(key) === entry) entries.delete(key);
    entry.mirror.end();
    if (entry.next !== undefined && entry.next !== 'nothing') begin(key, entry.next);
  };
  const apply = (wanted: ReadonlyMap<string, Pod>): void => {
    for (const [key, entry] of entries) {
      const next = wanted.get(key);
      if (next?.metadata.uid === entry.pod.metadata.uid) entry.next = undefined;
      else {
        if (entry.next === undefined) host.retire(entry.pod.metadata.uid);
        entry.next = next ?? 'nothing';
      }
    }
    for (const [key, pod] of wanted) if (!entries.has(key)) begin(key, pod);
  };

  const read = async (): Promise<void> => apply(await readManifests({ ...source, nodeName, logger }));
  const watcher = await watchPath(source.path);
  let cancel: (() => void) | undefined;
  watcher.on('change', () => {
    cancel ??= clock.after(settleMs, () => {
      cancel = undefined;
      read().catch((error: unknown) => logger.error({ err: error }, 'static pods could not be read'));
    });
  });
  watcher.on('error', (error) => logger.error({ err: error }, 'static pods are not followed any more'));
  await read();

  const removeStray = (pod: Pod): void => {
    new Mirror(pod, { client, clock, logger, nodeName, statuses: deps.statuses, find: () => find(keyOfPod(pod)) }).end();
  };
  return {
    owns: isMirror,
    noteMirror: (pod) => {
      const entry = entries.get(keyOfPod(pod));
      if (entry !== undefined) entry.mirror.sync();
      else if (find(keyOfPod(pod)) !== undefined) removeStray(pod);
    },
    uids: () => new Set([...entries.values()].map(({ pod }) => pod.metadata.uid)),
    ...running(() => {
      cancel?.();
      watcher.close();
    }),
  };
}

function keyOfPod({ metadata }: Pod): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

/** A path with an ending names a file, which an editor may replace: its folder would have to be watched instead. */
async function watchPath(path: string): Promise<ReturnType<typeof watch>> {
  if (extname(path) === '') await mkdir(path, { recursive: true, mode: 0o750 });
  return watch(path, { persistent: false });
}
