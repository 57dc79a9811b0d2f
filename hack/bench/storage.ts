/**
 * Figures of the stores: start with many objects, how long requests wait while a snapshot is taken or history is compacted, and the
 * same load on etcd beside the real API server on an etcd of its own.
 */
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { realClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { startEtcd } from '../../src/storage/etcd/testing/etcd-process.ts';
import { openSqlite } from '../../src/storage/sqlite/sqlite.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { entry, type CoracleProcess } from '../../test/support/coracle.ts';
import { load } from './load.ts';
import { residentMB } from './processes.ts';
import { median, percentile, row } from './statistics.ts';
import { Target } from './target.ts';

export interface StorageFigures {
  /** Makes a server that is not started yet. */
  readonly server: (flags?: readonly string[]) => Promise<CoracleProcess>;
  readonly objects: number;
  readonly starts: number;
}

/** Start and snapshots of a server whose file holds `objects`, half of them pods; then compaction of the same store alone. */
export async function embeddedFigures({ server, objects, starts }: StorageFigures): Promise<void> {
  const coracle = await server();
  await coracle.start();
  await new Target('coracle', join(coracle.dataDir, 'kubeconfig')).must('POST', '/api/v1/namespaces', namespace);
  await coracle.stop();
  await fill(join(coracle.dataDir, 'state.db'), objects);
  const seconds: number[] = [];
  for (let at = 0; at < starts; at += 1) {
    const started = performance.now();
    await coracle.start();
    seconds.push((performance.now() - started) / 1000);
    if (at < starts - 1) await coracle.stop();
  }
  row(`coracle: start with ${String(objects)} objects`, `${median(seconds).toFixed(2)} s; ${residentMB(coracle.pid).toFixed(0)} MB`);
  const target = new Target('coracle', join(coracle.dataDir, 'kubeconfig'));
  await latencies('coracle: requests, nothing else going on', requests(target), () => pause(10_000));
  await latencies('coracle: requests while a snapshot is taken', requests(target), async () => {
    await promisify(execFile)(process.execPath, [entry, 'snapshot', 'save', '--data-dir', coracle.dataDir]);
  });
  await coracle.stop();
  await compaction(join(coracle.dataDir, 'state.db'));
  rmSync(coracle.dataDir, { recursive: true, force: true });
}

/** The load of the API figures on a server whose store is an etcd of its own. */
export async function etcdFigures(server: StorageFigures['server'], count: number): Promise<void> {
  const etcd = await startEtcd();
  try {
    const coracle = await server(['--datastore-endpoint', etcd.endpoints.join(',')]);
    await coracle.start();
    await load(new Target('coracle on etcd', join(coracle.dataDir, 'kubeconfig')), count);
    await coracle.stop();
    rmSync(coracle.dataDir, { recursive: true, force: true });
  } finally {
    await etcd.stop();
  }
}

const namespace = JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'bench' } });

/** Writes objects as the server stores them, in big commits: the API would take minutes. */
async function fill(file: string, objects: number): Promise<void> {
  await using store = await openSqlite({ file, clock: realClock, logger: silentLogger });
  const lane = async (first: number): Promise<void> => {
    for (let at = first; at < objects; at += 512) await put(store, at);
  };
  await Promise.all(Array.from({ length: 512 }, (_, first) => lane(first)));
}

async function put(store: Storage, at: number): Promise<void> {
  const [kind, rest] = at % 2 === 0 ? ['pods', gatedPod] : ['configmaps', configMap];
  const name = `b${String(at)}`;
  const uid = `00000000-0000-4000-8000-${at.toString(16).padStart(12, '0')}`;
  const metadata = { name, namespace: 'bench', uid, creationTimestamp: '2026-01-01T00:00:00Z', labels: { app: 'bench' } };
  const type = { kind: kind === 'pods' ? 'Pod' : 'ConfigMap', apiVersion: 'v1' };
  await store.put(`/registry/${kind}/bench/${name}`, Buffer.from(JSON.stringify({ ...type, metadata, ...rest })), { expected: 0 });
}

const configMap = { data: { text: 'x'.repeat(1024) } };
/** Held by a gate, so that no controller has anything to do with it. */
const gatedPod = {
  spec: {
    schedulingGates: [{ name: 'example.com/bench' }],
    containers: [
      {
        name: 'a',
        image: 'nginx:1',
        resources: { requests: { cpu: '10m', memory: '16Mi' } },
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
        imagePullPolicy: 'IfNotPresent',
      },
    ],
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
    priority: 0,
    enableServiceLinks: true,
    preemptionPolicy: 'PreemptLowerPriority',
  },
  status: { phase: 'Pending', qosClass: 'Burstable' },
};

/** One of many requests that follow each other; its number is given. */
type Call = (at: number) => Promise<unknown>;

/** Reads and writes in turn, as clients make them. */
function requests(target: Target): Call {
  const patch = (at: number): string => `{"data":{"at":"${String(at)}"}}`;
  return (at) => {
    const path = `/api/v1/namespaces/bench/configmaps/b${String((at % 1000) * 2 + 1)}`;
    return at % 2 === 0 ? target.must('GET', path) : target.must('PATCH', path, patch(at), 'application/merge-patch+json');
  };
}

/** Four lanes of requests for as long as `work` takes. */
async function latencies(name: string, call: Call, work: () => Promise<unknown>): Promise<void> {
  const took: number[] = [];
  let next = 0;
  let working = true;
  const lane = async (): Promise<void> => {
    while (working) {
      const started = performance.now();
      await call(next++);
      took.push(performance.now() - started);
    }
  };
  const lanes = Array.from({ length: 4 }, lane);
  const began = performance.now();
  await work();
  const seconds = (performance.now() - began) / 1000;
  working = false;
  await Promise.all(lanes);
  const tell = (p: number): string => percentile(took, p).toFixed(1);
  row(
    name,
    `p50 ${tell(0.5)} ms  p99 ${tell(0.99)} ms  longest ${Math.max(...took).toFixed(1)} ms  (${String(took.length)} in ${seconds.toFixed(1)} s)`,
  );
}

/** Writes to the store while the history of 50,000 changes is compacted and cleaned away. */
async function compaction(file: string): Promise<void> {
  await using store = await openSqlite({ file, clock: realClock, logger: silentLogger });
  const value = Buffer.from('x'.repeat(1024));
  const keys = new Map<string, number>();
  const write = async (key: string): Promise<void> => {
    const result = await store.put(key, value, { expected: keys.get(key) ?? 0 });
    if (result.done) keys.set(key, result.revision);
  };
  for (let round = 0; round < 50; round += 1) await Promise.all(Array.from({ length: 1000 }, (_, at) => write(`/bench/${String(at)}`)));
  const own: Call = (at) => write(`/lane/${String(at)}`);
  await latencies('coracle: writes to the store, nothing else going on', own, () => pause(5000));
  await latencies('coracle: writes to the store during compaction', own, async () => store.compact(await store.revision()));
}
