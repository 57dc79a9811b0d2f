import { X509Certificate } from 'node:crypto';
import { connect, createServer } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import { createRequest } from './certificate-request.ts';
import { createAuthority, issue, readRequest, signRequest } from './certificates.ts';

const now = Date.now();

describe('certificates', () => {
  test('a client reaches a server of the same authority, both authenticated', async () => {
    const authority = await createAuthority('test-ca', now);
    const server = await issue(
      authority,
      { commonName: 'server', hosts: ['localhost', '127.0.0.1', '::1'], usage: 'server', days: 1 },
      now,
    );
    const client = await issue(
      authority,
      { commonName: 'admin', organizations: ['system:masters', 'a,b=c'], usage: 'client', days: 1 },
      now,
    );
    const subject = await new Promise((resolve, reject) => {
      const listener = createServer({ ...server, ca: authority.cert, requestCert: true, rejectUnauthorized: true }, (socket) => {
        resolve(socket.getPeerCertificate().subject);
        socket.end();
        listener.close();
      });
      listener.on('tlsClientError', reject);
      listener.listen(0, '127.0.0.1', () => {
        const { port } = listener.address() as { port: number };
        connect({ port, host: '127.0.0.1', servername: 'localhost', ca: authority.cert, ...client })
          .on('error', reject)
          .resume();
      });
    });
    expect({ ...(subject as object) }).toEqual({ CN: 'admin', O: ['system:masters', 'a,b=c'] });
  });

  test('a leaf names its hosts, its issuer and cannot issue', async () => {
    const authority = await createAuthority('test-ca', now);
    const leaf = new X509Certificate(
      (await issue(authority, { commonName: 'x', hosts: ['kubernetes', '10.43.0.1', 'fd43::1'], usage: 'server', days: 2 }, now)).cert,
    );
    expect(leaf.checkIP('10.43.0.1')).toBe('10.43.0.1');
    expect(leaf.checkIP('fd43::1')).toBe('fd43::1');
    expect(leaf.checkHost('kubernetes')).toBe('kubernetes');
    expect(leaf.ca).toBe(false);
    expect(leaf.verify(new X509Certificate(authority.cert).publicKey)).toBe(true);
    expect(new Date(leaf.validTo).getTime() - now).toBeGreaterThan(2 * 86_400_000 - 1000 - 1000);
  });

  test('a request is signed for what it asks and no more', async () => {
    const authority = await createAuthority('test-ca', now);
    const asked = { commonName: 'system:node:a', organizations: ['system:nodes'], hosts: ['a', '10.0.0.1'] };
    const { request } = createRequest(asked);
    expect(await readRequest(request)).toEqual({ ...asked, others: [] });
    const cert = new X509Certificate(
      await signRequest(authority, request, { usages: ['digital signature', 'server auth'], seconds: 86_400, now }),
    );
    expect(cert.subject).toBe('O=system:nodes\nCN=system:node:a');
    expect(cert.checkIP('10.0.0.1')).toBe('10.0.0.1');
    expect(cert.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect([Date.parse(cert.validFrom), Date.parse(cert.validTo)].map((at) => Math.ceil((at - now) / 1000))).toEqual([-300, 86_100]);
    expect(cert.ca).toBe(false);
    expect(cert.verify(new X509Certificate(authority.cert).publicKey)).toBe(true);
    await expect(readRequest('nonsense')).rejects.toThrow();
  });
});
