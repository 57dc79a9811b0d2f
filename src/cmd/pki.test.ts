import { X509Certificate } from 'node:crypto';
import { mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { openPki } from './pki.ts';

const now = Date.now();
const hosts = ['localhost', '127.0.0.1', '::1', 'fd43::1'];
const fresh = (): string => mkdtempSync(join(tmpdir(), 'coracle-pki-'));

describe('keys and certificates on disk', () => {
  test('are made once and kept', async () => {
    const dataDir = fresh();
    const first = await openPki({ dataDir, hosts, now });
    const second = await openPki({ dataDir, hosts, now });
    const atOnce = ({ kubelet: _kubelet, ingress: _ingress, ...pairs }: typeof first): unknown => pairs;
    expect(atOnce(second)).toEqual(atOnce(first));
    expect(await second.ingress()).toEqual(await first.ingress());
    expect(await second.kubelet('a', ['a'])).toEqual(await first.kubelet('a', ['a']));
    for (const name of ['ca.key', 'server.key', 'admin.key', 'service-account.key'])
      expect(statSync(join(dataDir, 'tls', name)).mode & 0o077).toBe(0);
  });

  test('the server’s is made anew for another name, and when it nears its end', async () => {
    const dataDir = fresh();
    const { server, authority } = await openPki({ dataDir, hosts, now });
    const renamed = await openPki({ dataDir, hosts: [...hosts, 'example.com'], now });
    expect(renamed.authority).toEqual(authority);
    expect(new X509Certificate(renamed.server.cert).checkHost('example.com')).toBe('example.com');
    expect(renamed.server).not.toEqual(server);
    const later = await openPki({ dataDir, hosts, now: now + 300 * 86_400_000 });
    expect(later.server).not.toEqual(renamed.server);
  });
});
