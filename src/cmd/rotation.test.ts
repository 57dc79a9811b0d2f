import { X509Certificate } from 'node:crypto';
import { createServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { expect, test } from '@jest/globals';
import { createAuthority, issue, type KeyPair } from '../auth/certificates.ts';
import { FakeClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { httpsClient } from '../client/https.ts';
import { renewAt, startRotation } from './rotation.ts';

const day = 24 * 3_600_000;

async function pairFrom(now: number, days = 100): Promise<KeyPair> {
  return issue(await createAuthority('ca', now), { commonName: 'n', hosts: [], usage: 'client', days }, now);
}

test('a certificate is renewed between 70 and 90 % of its life', async () => {
  const pair = await pairFrom(Date.now());
  const from = new Date(new X509Certificate(pair.cert).validFrom).getTime();
  const share = (random: number): number => (renewAt(pair, random) - from) / day;
  expect(share(0)).toBeCloseTo(70, 0);
  expect(share(0.999)).toBeCloseTo(90, 0);
});

test('it is put to use, and the next one is renewed in its turn; a failure is tried again', async () => {
  const start = Date.now();
  const clock = new FakeClock(start);
  const used: KeyPair[] = [];
  let failures = 1;
  const rotation = startRotation({
    ...{ pair: await pairFrom(start), clock, logger: silentLogger, random: () => 0.5, use: (pair) => used.push(pair) },
    renew: async () => {
      failures -= 1;
      if (failures >= 0) throw new Error('the server is away');
      return pairFrom(clock.now());
    },
  });
  const settle = async (): Promise<void> => {
    for (let round = 0; round < 100; round += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      await clock.advance(0);
    }
  };
  // In steps: longer than a timer can wait.
  await clock.advance(79 * day);
  await settle();
  expect(used).toHaveLength(0);
  await clock.advance(2 * day);
  await settle();
  await clock.advance(3000);
  for (let tries = 0; used.length === 0 && tries < 50; tries += 1) await settle();
  expect(used).toHaveLength(1);
  await rotation.stop();
  await clock.advance(200 * day);
  expect(used).toHaveLength(1);
});

test('a client connects with its new certificate, and what is open goes on', async () => {
  const now = Date.now();
  const authority = await createAuthority('ca', now);
  const leaf = (commonName: string, usage: 'client' | 'server'): Promise<KeyPair> =>
    issue(authority, { commonName, hosts: ['127.0.0.1'], usage, days: 1 }, now);
  const [server, first, second] = await Promise.all([leaf('server', 'server'), leaf('first', 'client'), leaf('second', 'client')]);
  let letGo: () => void = () => undefined;
  const listener = createServer({ ...server, ca: authority.cert, requestCert: true }, (request, response) => {
    const name = (request.socket as TLSSocket).getPeerCertificate().subject.CN;
    const answer = (): void => void response.end(JSON.stringify({ name }));
    if (request.url === '/slow') letGo = answer;
    else answer();
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as { port: number };
  const client = httpsClient({ server: `https://127.0.0.1:${String(port)}`, ca: authority.cert, ...first, userAgent: 'test' });
  try {
    expect(await client.getRaw('/')).toEqual({ name: 'first' });
    const slow = client.getRaw('/slow');
    await client.getRaw('/');
    client.useCertificate(second);
    expect(await client.getRaw('/')).toEqual({ name: 'second' });
    letGo();
    expect(await slow).toEqual({ name: 'first' });
  } finally {
    await client.stop();
    listener.close();
    listener.closeAllConnections();
  }
});
