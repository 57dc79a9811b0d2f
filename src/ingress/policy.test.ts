import { expect, test } from '@jest/globals';
import { policyOf, protocolOf, usualPolicy } from './policy.ts';

test('nothing said: to HTTPS where there is TLS, no limits', () => {
  expect(policyOf()).toEqual({ policy: usualPolicy, faults: [] });
});

test.each<[Record<string, string>, object]>([
  [{ 'ssl-redirect': 'false' }, { redirect: 'never' }],
  [{ 'ssl-redirect': 'false', 'force-ssl-redirect': 'true' }, { redirect: 'always' }],
  [{ 'proxy-body-size': '1500' }, { maxBody: 1500 }],
  [{ 'proxy-body-size': '8k' }, { maxBody: 8192 }],
  [{ 'proxy-body-size': '2M' }, { maxBody: 2 ** 21 }],
  [{ 'proxy-body-size': '1g' }, { maxBody: 2 ** 30 }],
  [{ 'proxy-body-size': '0' }, { maxBody: undefined }],
  [
    { 'proxy-connect-timeout': '5', 'proxy-read-timeout': '2m' },
    { connectMs: 5000, silentMs: 120_000 },
  ],
  [{ 'backend-protocol': 'GRPC' }, { protocol: 'h2c' }],
  [{ 'backend-protocol': 'http' }, { protocol: 'http' }],
  [{ 'backend-protocol': 'HTTPS' }, { protocol: 'https' }],
  [{ 'backend-protocol': 'GRPCS' }, { protocol: 'h2' }],
  [{ hsts: 'false', 'hsts-preload': 'true' }, {}],
  [{ hsts: 'true' }, { strictTransport: 'max-age=31536000; includeSubDomains' }],
  [
    { hsts: 'true', 'hsts-max-age': '60', 'hsts-include-subdomains': 'false', 'hsts-preload': 'true' },
    { strictTransport: 'max-age=60; preload' },
  ],
])('%j', (wishes, policy) => {
  const expected = { policy: { ...usualPolicy, ...policy }, faults: [] };
  for (const prefix of ['ingress.coracle.io/', 'nginx.ingress.kubernetes.io/'])
    expect(policyOf(Object.fromEntries(Object.entries(wishes).map(([name, value]) => [prefix + name, value])))).toEqual(expected);
  expect(policyOf({}, wishes)).toEqual(expected);
});

test('own names go before foreign ones, both before defaults', () => {
  const annotations = { 'ingress.coracle.io/proxy-body-size': '1', 'nginx.ingress.kubernetes.io/proxy-body-size': '2' };
  expect(policyOf(annotations, { 'proxy-body-size': '3', 'ssl-redirect': 'false' }).policy).toMatchObject({
    maxBody: 1,
    redirect: 'never',
  });
});

test('what is not understood is said and does not count', () => {
  const names = ['ssl-redirect', 'proxy-body-size', 'proxy-read-timeout', 'backend-protocol'];
  const { policy, faults } = policyOf(Object.fromEntries(names.map((name) => [`ingress.coracle.io/${name}`, 'much'])));
  expect(policy).toEqual(usualPolicy);
  expect(faults).toHaveLength(4);
  expect(faults[0]).toBe('ingress.coracle.io/ssl-redirect: "much" is not understood');
});

test('a port of a Service may say HTTP/2 in clear, or TLS', () => {
  expect(['kubernetes.io/h2c', 'http', undefined].map(protocolOf)).toEqual(['h2c', 'http', 'http']);
  expect(['https', 'HTTPS', 'kubernetes.io/wss', 'kubernetes.io/ws'].map(protocolOf)).toEqual(['https', 'https', 'https', 'http']);
});
