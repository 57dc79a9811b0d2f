/** The procedures of docs/storage.md, as they are written there. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startEtcd, type EtcdCluster } from '../../src/storage/etcd/testing/etcd-process.ts';
import { withEtcd } from '../../src/storage/etcd/testing/with-etcd.ts';
import type { Json } from '../compare/case.ts';
import { Target } from '../compare/target.ts';
import { CoracleProcess, freePort } from '../support/coracle.ts';

const id = (text: string): string => text;
const networks = ['--cluster-cidr', '10.185.0.0/16,fd42:85::/56', '--service-cidr', '10.186.0.0/16,fd43:85::/112'];
const patience = 120_000;

describe('docs/storage.md', () => {
  const folders: string[] = [];
  let flags: string[];
  let server: CoracleProcess;
  let etcd: EtcdCluster | undefined;
  let snapshot = '';

  const folder = (): string => {
    const dir = mkdtempSync(join(tmpdir(), 'coracle-procedures-'));
    folders.push(dir);
    return dir;
  };
  const target = (): Target => new Target(join(server.dataDir, 'kubeconfig'));
  const send = async (method: string, path: string, body?: object): Promise<{ code: number; json: Json }> => {
    const { code, text } = await target().send({ method, path, body }, id);
    return { code, json: JSON.parse(text) as Json };
  };
  const configMaps = '/api/v1/namespaces/default/configmaps';
  const names = async (): Promise<string[]> => {
    const { json } = await send('GET', configMaps);
    return (json['items'] as { metadata: { name: string } }[])
      .map(({ metadata }) => metadata.name)
      .filter((name) => name !== 'kube-root-ca.crt');
  };

  beforeAll(async () => {
    flags = ['--disable-agent', '--no-setup', '--https-listen-port', String(await freePort()), ...networks];
    server = new CoracleProcess(flags, folder());
    await server.start();
    expect((await send('POST', configMaps, { metadata: { name: 'kept' } })).code).toBe(201);
  }, patience);
  afterAll(async () => {
    await server.stop('SIGKILL');
    await etcd?.stop();
    for (const dir of folders) await rm(dir, { recursive: true, force: true });
  }, patience);

  test(
    'backup while the server runs',
    () => {
      const saved = server.command('snapshot', 'save');
      expect([saved.code, saved.stdout]).toEqual([0, expect.stringMatching(/^saved \S+ \(\d+ keys, [\d.]+ MB\)$/m)]);
      const listed = server.command('snapshot', 'list');
      [, snapshot = ''] = listed.stdout.split('\n')[0]?.split('\t') ?? [];
      expect(snapshot.startsWith(join(server.dataDir, 'snapshots', 'on-demand-'))).toBe(true);
    },
    patience,
  );

  test(
    'restoring is refused while the server runs',
    () => {
      const refused = server.command('snapshot', 'restore', snapshot);
      expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('stop it before restoring')]);
    },
    patience,
  );

  test(
    'restore',
    async () => {
      expect((await send('POST', configMaps, { metadata: { name: 'later' } })).code).toBe(201);
      const before = Number(((await send('GET', configMaps)).json['metadata'] as { resourceVersion: string }).resourceVersion);
      await server.stop();
      const offline = server.command('snapshot', 'save');
      expect([offline.code, offline.stdout]).toEqual([0, expect.stringMatching(/^saved /)]);
      const restored = server.command('snapshot', 'restore', snapshot);
      expect([restored.code, restored.stdout]).toEqual([0, expect.stringContaining('what was there before is now')]);
      await server.start();
      expect(await names()).toEqual(['kept']);
      const after = Number(((await send('GET', configMaps)).json['metadata'] as { resourceVersion: string }).resourceVersion);
      expect(after).toBeGreaterThan(before);
      expect(
        (await target().send({ method: 'GET', path: `${configMaps}?watch=1&resourceVersion=${String(before)}`, events: 1 }, id)).text,
      ).toContain('"code":410');
    },
    patience,
  );

  test(
    'a damaged file: the server refuses to start, names it and the way back, which works',
    async () => {
      await server.stop();
      const file = join(server.dataDir, 'state.db');
      const damaged = readFileSync(file).fill(0x55, 5 * 4096, 9 * 4096);
      writeFileSync(file, damaged);
      await expect(server.start()).rejects.toThrow(
        new RegExp(`${file} is damaged.*nothing was changed. To go back to a snapshot: coracle snapshot restore FILE`),
      );
      expect(readFileSync(file).equals(damaged)).toBe(true);
      expect(server.command('snapshot', 'restore', snapshot).code).toBe(0);
      await server.start();
      expect(await names()).toEqual(['kept']);
    },
    patience,
  );

  test(
    'restore on another machine',
    async () => {
      await server.stop();
      const token = join(server.dataDir, 'token');
      const authority = readFileSync(join(server.dataDir, 'tls', 'ca.crt'), 'utf8');
      server = new CoracleProcess(flags, folder());
      const refused = server.command('snapshot', 'restore', snapshot);
      expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('give its token')]);
      expect(server.command('snapshot', 'restore', snapshot, '--token-file', token).code).toBe(0);
      await server.start();
      expect(await names()).toEqual(['kept']);
      expect(readFileSync(join(server.dataDir, 'tls', 'ca.crt'), 'utf8')).toBe(authority);
    },
    patience,
  );

  withEtcd.test(
    'moving from embedded to etcd, and adding a server',
    async () => {
      etcd = await startEtcd({ arguments: ['--unsafe-no-fsync'] });
      const store = ['--datastore-endpoint', etcd.endpoints.join(',')];
      expect((await send('POST', configMaps, { metadata: { name: 'moved' } })).code).toBe(201);
      const [, saved = ''] = /^saved (\S+)/m.exec(server.command('snapshot', 'save').stdout) ?? [];
      await server.stop();
      const restored = server.command('snapshot', 'restore', saved, ...store);
      expect([restored.code, restored.stderr]).toEqual([0, '']);
      const first = server.dataDir;
      server = new CoracleProcess([...flags, ...store], first);
      await server.start();
      expect(await names()).toEqual(['kept', 'moved']);
      const portless = flags.filter((_, at) => flags[at] !== '--https-listen-port' && flags[at - 1] !== '--https-listen-port');
      const added = [...portless, '--https-listen-port', String(await freePort()), ...store, '--token-file', join(first, 'token')];
      const second = new CoracleProcess(added, folder());
      await second.start();
      const { text } = await new Target(join(second.dataDir, 'kubeconfig')).send({ method: 'GET', path: `${configMaps}/moved` }, id);
      expect(JSON.parse(text)).toMatchObject({ kind: 'ConfigMap' });
      // Removing it again: it gives its Leases up and takes its address away by itself.
      expect(await second.stop()).toBe(0);
      const { json } = await send('GET', '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-scheduler');
      expect(json).toMatchObject({ spec: { leaseTransitions: expect.anything() } });
      expect(second.command('reset').code).toBe(0);
    },
    patience,
  );

  withEtcd.test(
    'moving back from etcd to embedded',
    async () => {
      const store = ['--datastore-endpoint', etcd?.endpoints.join(',') ?? ''];
      expect((await send('POST', configMaps, { metadata: { name: 'on-etcd' } })).code).toBe(201);
      const [, saved = ''] = /^saved (\S+)/m.exec(server.command('snapshot', 'save', ...store).stdout) ?? [];
      await server.stop();
      // Once more while no server runs.
      const again = server.command('snapshot', 'save', ...store);
      expect([again.code, again.stderr]).toEqual([0, '']);
      const token = join(server.dataDir, 'token');
      server = new CoracleProcess(flags, folder());
      expect(server.command('snapshot', 'restore', saved, '--token-file', token).code).toBe(0);
      await server.start();
      expect(await names()).toEqual(['kept', 'moved', 'on-etcd']);
    },
    patience,
  );
});
