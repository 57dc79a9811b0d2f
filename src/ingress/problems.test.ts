import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Ingress, IngressClass } from '../api/generated/types.ts';
import type { KeyPair } from '../auth/certificates.ts';
import { createAuthority, issue } from '../auth/certificates.ts';
import { FakeClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { createInformers } from '../client/informer-factory.ts';
import { refs } from '../client/refs.ts';
import { createFakeClient } from '../client/testing/fake-client.ts';
import type { World } from './problems.ts';
import { problemsOf, startProblems } from './problems.ts';
import { eventually } from './testing/bench.ts';
import { ingress, ingressClass, service, tlsSecret } from './testing/objects.ts';

let pair: KeyPair;

beforeAll(async () => {
  const authority = await createAuthority('test', Date.now());
  pair = await issue(authority, { commonName: 'x', hosts: ['one.example', '*.wild.example'], usage: 'server', days: 1 }, Date.now());
});

function world(parts: Partial<World> = {}): World {
  const missing = (): undefined => undefined;
  return { service: missing, secret: missing, ingressClass: missing, configMap: missing, ...parts };
}

describe('what is wrong with an Ingress', () => {
  const web = service('a/web', [{ name: 'http', port: 80 }]);
  const found = (form: Ingress, parts?: Partial<World>): string[] =>
    problemsOf(form, world({ service: (key) => (key === 'a/web' ? web : undefined), ...parts })).map(
      ({ reason, message }) => `${reason}: ${message}`,
    );

  test('nothing', () => {
    expect(found(ingress('a/i', { rules: [['h', '/', 'web:80']], defaultBackend: 'web:http' }))).toEqual([]);
  });

  test('Services and ports that are not there, each once', () => {
    const rules = [
      ['h', '/', 'gone:80'],
      ['h', '/x', 'gone:80'],
      ['h', '/y', 'web:81'],
      ['h', '/z', 'web:https'],
    ] as const;
    expect(found(ingress('a/i', { rules }))).toEqual([
      'ServiceNotFound: service "a/gone" not found',
      'ServicePortNotFound: service "a/web" has no port 81',
      'ServicePortNotFound: service "a/web" has no port "https"',
    ]);
  });

  test('backends of kinds that are not served', () => {
    const bucket = { resource: { apiGroup: 'k8s.example.com', kind: 'Bucket', name: 'b' } };
    const form = { ...ingress('a/i', {}), spec: { ingressClassName: 'coracle', defaultBackend: bucket } } as unknown as Ingress;
    expect(found(form)).toEqual(['BackendNotSupported: the backend Bucket.k8s.example.com "b" is a resource; only Services are served']);
    const external = service('a/web', [{ port: 80 }], { type: 'ExternalName' });
    expect(found(ingress('a/i', { defaultBackend: 'web:80' }), { service: () => external })).toEqual([
      'BackendNotSupported: service "a/web" is of type ExternalName, which is not served',
    ]);
  });

  test('certificates', () => {
    const tls = [{ hosts: ['one.example', 'x.wild.example', '*.wild.example', 'two.example'], secretName: 'cert' }];
    expect(found(ingress('a/i', { tls }))).toEqual(['CertificateNotFound: secret "a/cert" not found']);
    const fault = (secret: { cert: string; key: string }): string[] =>
      found(ingress('a/i', { tls }), { secret: () => tlsSecret('a/cert', secret) });
    expect(fault({ cert: 'none', key: 'none' })).toEqual(['CertificateInvalid: secret "a/cert" has no usable tls.crt and tls.key']);
    expect(fault(pair)).toEqual(['CertificateInvalid: secret "a/cert" does not cover the host two.example']);
  });

  test('annotations, and parameters of the class', () => {
    const annotations = { 'ingress.coracle.io/proxy-body-size': 'much' };
    expect(found(ingress('a/i', { annotations }))).toEqual([
      'InvalidAnnotation: ingress.coracle.io/proxy-body-size: "much" is not understood',
    ]);
    const parameters = { kind: 'ConfigMap', name: 'usual', namespace: 'a', scope: 'Namespace' };
    const withParameters = { ...ingressClass('coracle'), spec: { controller: 'coracle.io/ingress', parameters } } as IngressClass;
    const parts = { ingressClass: () => withParameters };
    expect(found(ingress('a/i', {}), parts)).toEqual([
      'InvalidParameters: the parameters of IngressClass "coracle" are not a ConfigMap of a namespace that is there',
    ]);
    const configMap = { metadata: { name: 'usual', namespace: 'a', uid: 'u' }, data: { 'ssl-redirect': 'maybe' } };
    expect(found(ingress('a/i', {}), { ...parts, configMap: () => configMap as never })).toEqual([
      'InvalidParameters: ssl-redirect: "maybe" is not understood',
    ]);
  });
});

describe('events', () => {
  let clock: FakeClock;
  let client: ReturnType<typeof createFakeClient>;
  let stop: () => Promise<unknown>;

  beforeEach(() => {
    clock = new FakeClock();
    client = createFakeClient({ clock });
    const informers = createInformers({ client, clock, logger: silentLogger });
    const parts = { client, informers, clock, logger: silentLogger, ready: Promise.resolve() };
    const problems = startProblems({ ...parts, isServed: ({ spec }) => spec?.ingressClassName === 'coracle' });
    stop = () => Promise.all([problems.stop(), informers.stop()]);
  });

  afterEach(() => stop());

  const said = (): string[] => client.all(refs.events).map(({ reason = '', message = '' }) => `${reason}: ${message}`);

  test('a Service that comes soon is not missed; one that does not is, once, and again when it goes', async () => {
    client.seed(refs.ingresses, ingress('a/i', { rules: [['h', '/', 'web:80']] }));
    client.seed(refs.ingresses, ingress('a/foreign', { rules: [['h', '/', 'web:80']], className: 'nginx' }));
    await clock.advance(2000);
    expect(said()).toEqual([]);
    await eventually(async () => (await clock.advance(1000), expect(said()).toEqual(['ServiceNotFound: service "a/web" not found'])));
    client.seed(refs.services, service('a/web', [{ port: 81 }]));
    await eventually(
      async () => (await clock.advance(1000), expect(said()).toContain('ServicePortNotFound: service "a/web" has no port 80')),
    );
    client.seed(refs.services, service('a/web', [{ port: 80 }]));
    await clock.advance(10_000);
    expect(said()).toHaveLength(2);
  });
});
