/** How cost grows with the store: the same requests on servers that hold 1,000, 10,000 and 100,000 pods. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { realClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { openSqlite } from '../../src/storage/sqlite/sqlite.ts';
import type { CoracleProcess } from '../../test/support/coracle.ts';
import { cpuSeconds, residentMB } from './processes.ts';
import { percentile, row } from './statistics.ts';
import { Target } from './target.ts';

export interface GrowOptions {
  /** Makes a server that is not started yet. */
  readonly server: () => Promise<CoracleProcess>;
  readonly sizes: readonly number[];
  /** Requests a row. */
  readonly requests: number;
}

const namespaces = '/api/v1/namespaces';
const pods = `${namespaces}/grow/pods`;
const lanes = 16;

/** One column of the table a size; every label is on a hundred pods. */
export async function growFigures({ server, sizes, requests }: GrowOptions): Promise<void> {
  for (const size of sizes) {
    const coracle = await server();
    await coracle.start();
    const perPod = await fill(coracle, size);
    const started = performance.now();
    await coracle.start();
    row(`${String(size)} pods: start`, `${((performance.now() - started) / 1000).toFixed(2)} s`);
    await pause(2000);
    const stored = (perPod * size) / 1e6;
    row(`${String(size)} pods: memory`, `${residentMB(coracle.pid).toFixed(0)} MB with ${stored.toFixed(0)} MB stored`);
    await rows(coracle, size, requests);
    row(`${String(size)} pods: memory after these requests`, `${residentMB(coracle.pid).toFixed(0)} MB`);
    await pause(65_000);
    row(`${String(size)} pods: memory a minute later`, `${residentMB(coracle.pid).toFixed(0)} MB`);
    await coracle.stop();
    rmSync(coracle.dataDir, { recursive: true, force: true });
  }
}

async function rows(coracle: CoracleProcess, size: number, requests: number): Promise<void> {
  const target = new Target('coracle', join(coracle.dataDir, 'kubeconfig'));
  const any = (at: number): string => `${pods}/g${String((at * 7919) % size)}`;
  const measure = async (name: string, total: number, call: (at: number) => Promise<unknown>): Promise<void> => {
    const before = cpuSeconds(coracle.pid);
    const latencies: number[] = [];
    let next = 0;
    const lane = async (): Promise<void> => {
      for (let at = next++; at < total; at = next++) {
        const from = performance.now();
        await call(at);
        latencies.push(performance.now() - from);
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    const cpu = ((cpuSeconds(coracle.pid) - before) * 1000) / total;
    row(`${String(size)} pods: ${name}`, `${cpu.toFixed(2)} ms of processor time, p50 ${percentile(latencies, 0.5).toFixed(1)} ms`);
  };
  await measure('create', requests, (at) => target.must('POST', pods, JSON.stringify(pod(`n${String(at)}`, at, size))));
  await measure('get', requests * 2, (at) => target.must('GET', any(at)));
  await measure('merge patch', requests, (at) =>
    target.must('PATCH', any(at), `{"metadata":{"labels":{"v":"${String(at)}"}}}`, 'application/merge-patch+json'),
  );
  const tiers = Math.max(1, size / 100);
  const tier = (at: number): string => `${pods}?labelSelector=tier%3Dt${String(at % Math.min(8, tiers))}`;
  await measure('list 100 by label', requests / 4, (at) => target.must('GET', tier(at)));
  await measure('list a page of 500', requests / 4, () => target.must('GET', `${pods}?limit=500`));
  await measure('list 100 by label after a write', requests / 4, async (at) => {
    await target.must('PATCH', any(at), `{"metadata":{"labels":{"w":"${String(at)}"}}}`, 'application/merge-patch+json');
    await target.must('GET', tier(at));
  });
  await measure('delete', requests, (at) => target.must('DELETE', `${pods}/n${String(at)}?gracePeriodSeconds=0`));
}

function pod(name: string, at: number, size: number): object {
  const tier = `t${String(at % Math.max(1, size / 100))}`;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: 'grow', tier } },
    spec: {
      // Nobody schedules them: the rows are the API server's alone.
      schedulerName: 'nobody',
      automountServiceAccountToken: false,
      containers: [
        {
          name: 'a',
          image: 'nginx:1',
          ports: [{ containerPort: 80 }],
          env: [{ name: 'A', value: '1' }],
          resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { cpu: '100m', memory: '64Mi' } },
          readinessProbe: { httpGet: { path: '/', port: 80 } },
        },
      ],
    },
  };
}

/** Writes pods as the server stores them, in big commits; stops the server. Resolves with the bytes of one. */
async function fill(coracle: CoracleProcess, size: number): Promise<number> {
  const target = new Target('coracle', join(coracle.dataDir, 'kubeconfig'));
  await target.must('POST', namespaces, JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'grow' } }));
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } };
  await target.call('POST', `${namespaces}/grow/serviceaccounts`, JSON.stringify(account));
  const made = await target.must('POST', pods, JSON.stringify(pod('model', 0, size)));
  await target.must('DELETE', `${pods}/model?gracePeriodSeconds=0`);
  await coracle.stop();
  const { metadata, ...fields } = JSON.parse(made.toString()) as { metadata: Record<string, unknown> };
  const { resourceVersion: _version, ...meta } = metadata;
  await using store = await openSqlite({ file: join(coracle.dataDir, 'state.db'), clock: realClock, logger: silentLogger });
  let bytes = 0;
  const put = async (at: number): Promise<void> => {
    const name = `g${String(at)}`;
    const uid = `00000000-0000-4000-8000-${at.toString(16).padStart(12, '0')}`;
    const labels = { app: 'grow', tier: `t${String(at % Math.max(1, size / 100))}` };
    const { kind, apiVersion, ...rest } = fields as Record<string, unknown>;
    const value = Buffer.from(JSON.stringify({ kind, apiVersion, metadata: { ...meta, name, uid, labels }, ...rest }));
    bytes = value.length;
    await store.put(`/registry/pods/grow/${name}`, value, { expected: 0 });
  };
  const lane = async (first: number): Promise<void> => {
    for (let at = first; at < size; at += 512) await put(at);
  };
  await Promise.all(Array.from({ length: 512 }, (_, first) => lane(first)));
  return bytes;
}
