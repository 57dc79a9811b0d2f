/** An etcd that asks who one is: by certificate, and by name and password. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createAuthority, issue } from '../../src/auth/certificates.ts';
import { FakeClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { datastoreOf } from '../../src/cmd/open-storage.ts';
import { done, record } from '../../src/storage/testing/recorder.ts';
import { openEtcd, type EtcdAccess } from '../../src/storage/etcd/etcd.ts';
import { Members } from '../../src/storage/etcd/members.ts';
import { startEtcd, type EtcdCluster } from '../../src/storage/etcd/testing/etcd-process.ts';
import { withEtcd } from '../../src/storage/etcd/testing/with-etcd.ts';
import { Message } from '../../src/storage/etcd/wire.ts';

const common = { clock: new FakeClock(), logger: silentLogger };

withEtcd.describe('an etcd behind TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'coracle-access-'));
  const file = (name: string): string => join(folder, name);
  let etcd: EtcdCluster;
  let access: EtcdAccess;

  beforeAll(async () => {
    const now = Date.now();
    const ca = await createAuthority('etcd-ca', now);
    const server = await issue(ca, { commonName: 'etcd', hosts: ['127.0.0.1'], usage: 'both', days: 1 }, now);
    const client = await issue(ca, { commonName: 'coracle', usage: 'client', days: 1 }, now);
    const files = {
      'ca.crt': ca.cert,
      'server.crt': server.cert,
      'server.key': server.key,
      'client.crt': client.cert,
      'client.key': client.key,
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(file(name), text);
    const tls = ['--cert-file', file('server.crt'), '--key-file', file('server.key')];
    etcd = await startEtcd({
      scheme: 'https',
      arguments: [...tls, '--client-cert-auth', '--trusted-ca-file', file('ca.crt'), '--unsafe-no-fsync', '--auth-token-ttl', '2'],
    });
    access = { endpoints: etcd.endpoints, ca: ca.cert, cert: client.cert, key: client.key };
  }, 60_000);
  afterAll(async () => {
    await etcd.stop();
    await rm(folder, { recursive: true });
  });

  test('the settings name the files', async () => {
    const datastore = datastoreOf({
      'data-dir': folder,
      'datastore-endpoint': etcd.endpoints.join(','),
      'datastore-cafile': file('ca.crt'),
      'datastore-certfile': file('client.crt'),
      'datastore-keyfile': file('client.key'),
      'datastore-user': undefined,
      'datastore-password': undefined,
      'datastore-password-file': undefined,
    });
    expect(datastore).toEqual({ kind: 'etcd', access });
    await using store = await openEtcd({ ...access, ...common });
    await done(store.put('/a', Buffer.from('1'), { expected: 0 }));
  }, 60_000);

  test('without a certificate nobody gets in', async () => {
    const { ca, endpoints } = access;
    await expect(openEtcd({ endpoints, ...(ca === undefined ? {} : { ca }), ...common })).rejects.toMatchObject({ code: 'unavailable' });
  }, 60_000);

  test('a name and a password do no harm while nobody is asked for them', async () => {
    await using store = await openEtcd({ ...access, ...common, user: 'root', password: 'secret' });
    expect(await store.revision()).toBeGreaterThan(0);
  }, 60_000);

  test('with users, name and password count, and a token that has run out is renewed', async () => {
    const members = new Members(access);
    const call = (method: string, body: Message) => members.call({ method: `Auth/${method}`, body: body.encode(), decode: () => true });
    await call('UserAdd', new Message().text(1, 'root').text(2, 'secret'));
    await call('RoleAdd', new Message().text(1, 'root'));
    await call('UserGrantRole', new Message().text(1, 'root').text(2, 'root'));
    await call('AuthEnable', new Message());
    members.close();
    // The certificate's common name is a user to etcd as well: this one is none.
    await expect(openEtcd({ ...access, ...common, user: 'root', password: 'wrong' })).rejects.toMatchObject({
      message: expect.not.stringContaining('wrong'),
    });
    await using store = await openEtcd({ ...access, ...common, user: 'root', password: 'secret' });
    const seen: string[] = [];
    store.watch(
      { prefix: '/', after: await store.revision() },
      { events: (list) => seen.push(...list.map(({ key }) => key)), end: () => undefined },
    );
    await done(store.put('/b', Buffer.from('1'), { expected: 0 }));
    await new Promise((resolve) => setTimeout(resolve, 6000));
    await done(store.put('/c', Buffer.from('1'), { expected: 0 }));
    expect(seen).toEqual(['/b', '/c']);
  }, 60_000);

  test('a watch goes on after a restart of the member, which knows no token any more', async () => {
    const user = { ...access, ...common, user: 'root', password: 'secret' };
    await using idle = await openEtcd(user);
    const log = record(idle, { prefix: '/', after: await idle.revision() });
    const [member] = etcd.members;
    await member?.kill();
    await member?.start();
    await using writer = await openEtcd(user);
    const revision = await done(writer.put('/d', Buffer.from('1'), { expected: 0 }));
    // Nothing but the watch is asked of the first: it has to get a token by itself.
    await log.until(() => log.all.length === 1);
    expect(log.told).toEqual([`${String(revision)} put /d 1`]);
  }, 60_000);
});
