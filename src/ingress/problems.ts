/** Says by events what of an Ingress cannot be served: Services, ports and Secrets that are not there, backends and values not understood. */
import { X509Certificate } from 'node:crypto';
import type { ConfigMap, Ingress, IngressClass, Secret, Service } from '../api/generated/types.ts';
import type { Clock } from '../base/clock.ts';
import type { Running } from '../base/lifecycle.ts';
import { Lifecycle } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from '../client/client.ts';
import { createRecorder, referenceTo } from '../client/events.ts';
import type { Informers } from '../client/informer-factory.ts';
import { joinKey, keyOf } from '../client/informer-store.ts';
import { startReconciler } from '../client/reconcile.ts';
import { refs } from '../client/refs.ts';
import { portOf } from './backends.ts';
import { keyPairOf } from './certificates.ts';
import { classNameOf, defaultsOf, parametersFault } from './classes.ts';
import { policyOf } from './policy.ts';

export interface Problem {
  readonly reason:
    | 'BackendNotSupported'
    | 'ServiceNotFound'
    | 'ServicePortNotFound'
    | 'CertificateNotFound'
    | 'CertificateInvalid'
    | 'InvalidAnnotation'
    | 'InvalidParameters';
  readonly message: string;
}

/** The cluster, as far as Ingresses name it; keys are `namespace/name`. */
export interface World {
  service(key: string): Service | undefined;
  secret(key: string): Secret | undefined;
  ingressClass(name: string): IngressClass | undefined;
  configMap(key: string): ConfigMap | undefined;
}

/** In the order in which the Ingress names what they are about. */
export function problemsOf(ingress: Ingress, world: World): Problem[] {
  const { metadata, spec } = ingress;
  const namespace = metadata.namespace ?? '';
  const backends = [spec?.defaultBackend, ...(spec?.rules ?? []).flatMap(({ http }) => (http?.paths ?? []).map(({ backend }) => backend))];
  const found = [
    ...backends.flatMap((backend) => (backend === undefined ? [] : backendProblem(namespace, backend, world))),
    ...(spec?.tls ?? []).flatMap(({ secretName = '', hosts = [] }) =>
      secretName === '' ? [] : certificateProblems(joinKey(namespace, secretName), hosts, world),
    ),
    ...policyOf(metadata.annotations).faults.map((message): Problem => ({ reason: 'InvalidAnnotation', message })),
    ...parameterProblems(ingress, world),
  ];
  return [...new Map(found.map((problem) => [problem.message, problem])).values()];
}

type IngressBackend = NonNullable<NonNullable<Ingress['spec']>['defaultBackend']>;

function backendProblem(namespace: string, { service: named, resource }: IngressBackend, world: World): Problem[] {
  if (resource !== undefined) {
    const { apiGroup, kind, name } = resource;
    const group = apiGroup === undefined || apiGroup === '' ? kind : `${kind}.${apiGroup}`;
    return [{ reason: 'BackendNotSupported', message: `the backend ${group} "${name}" is a resource; only Services are served` }];
  }
  if (named === undefined) return [];
  const key = joinKey(namespace, named.name);
  const service = world.service(key);
  if (service === undefined) return [{ reason: 'ServiceNotFound', message: `service "${key}" not found` }];
  if (service.spec?.type === 'ExternalName')
    return [{ reason: 'BackendNotSupported', message: `service "${key}" is of type ExternalName, which is not served` }];
  const port = named.port?.name ?? named.port?.number;
  if (port === undefined || portOf(service, port) !== undefined) return [];
  return [
    { reason: 'ServicePortNotFound', message: `service "${key}" has no port ${typeof port === 'number' ? String(port) : `"${port}"`}` },
  ];
}

function certificateProblems(key: string, hosts: readonly string[], world: World): Problem[] {
  const secret = world.secret(key);
  if (secret === undefined) return [{ reason: 'CertificateNotFound', message: `secret "${key}" not found` }];
  const invalid = (why: string): Problem => ({ reason: 'CertificateInvalid', message: `secret "${key}" ${why}` });
  const pair = keyPairOf(secret);
  if (pair === undefined) return [invalid('has no usable tls.crt and tls.key')];
  const certificate = new X509Certificate(pair.cert);
  return hosts
    .filter((host) => certificate.checkHost(host.replace(/^\*/, 'any')) === undefined)
    .map((host) => invalid(`does not cover the host ${host}`));
}

function parameterProblems(ingress: Ingress, world: World): Problem[] {
  const invalid = (message: string): Problem => ({ reason: 'InvalidParameters', message });
  const ingressClass = world.ingressClass(classNameOf(ingress) ?? '');
  const fault = ingressClass && parametersFault(ingressClass, (key) => world.configMap(key));
  const defaults = defaultsOf(
    ingress,
    (name) => world.ingressClass(name),
    (key) => world.configMap(key),
  );
  return [...(fault === undefined ? [] : [fault]), ...policyOf({}, defaults).faults].map(invalid);
}

/** Who puts an Ingress up often brings its Service and Secret a moment later: so long nothing is said, in ms. */
const patienceMs = 3000;

const byService = 'ingress-service';
const bySecret = 'ingress-secret';

export interface ProblemsOptions {
  readonly client: Client;
  readonly informers: Informers;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly isServed: (ingress: Ingress) => boolean;
  readonly ready: Promise<unknown>;
}

/** Each problem is said once, and again when it comes back. */
export function startProblems({ client, informers, clock, logger, isServed, ready }: ProblemsOptions): Running {
  const lifecycle = new Lifecycle();
  const recorder = lifecycle.add(createRecorder({ client, clock, logger, component: 'coracle-ingress' }));
  const [ingresses, services, secrets] = [informers.of(refs.ingresses), informers.of(refs.services), informers.of(refs.secrets)];
  const [classes, configMaps] = [informers.of(refs.ingressClasses), informers.of(refs.configMaps)];
  ingresses.addIndexer(byService, servicesOf);
  ingresses.addIndexer(bySecret, secretsOf);
  const world: World = {
    service: (key) => services.store.get(key),
    secret: (key) => secrets.store.get(key),
    ingressClass: (name) => classes.store.get(name),
    configMap: (key) => configMaps.store.get(key),
  };
  const said = new Map<string, ReadonlySet<string>>();
  const seen = new Map<string, number>();
  const reconciler = startReconciler({
    name: 'ingress-problems',
    clock,
    logger,
    ready,
    concurrency: 1,
    reconcile: (key) => {
      const ingress = ingresses.store.get(key);
      const problems = ingress === undefined || !isServed(ingress) ? [] : problemsOf(ingress, world);
      if (ingress === undefined || problems.length === 0) {
        said.delete(key);
        seen.delete(key);
        return Promise.resolve(undefined);
      }
      const since = seen.get(key) ?? clock.monotonic();
      seen.set(key, since);
      const wait = since + patienceMs - clock.monotonic();
      if (wait > 0) return Promise.resolve({ requeueAfter: wait });
      const before = said.get(key);
      for (const { reason, message } of problems)
        if (before?.has(message) !== true) recorder.event(referenceTo(refs.ingresses, ingress), 'Warning', reason, message);
      said.set(key, new Set(problems.map(({ message }) => message)));
      return Promise.resolve(undefined);
    },
  });
  reconciler.watch(ingresses, (ingress) => [keyOf(ingress)]);
  reconciler.watch(services, (service) => [...ingresses.store.byIndex(byService, keyOf(service))].map(keyOf));
  reconciler.watch(secrets, (secret) => [...ingresses.store.byIndex(bySecret, keyOf(secret))].map(keyOf));
  reconciler.watch(classes, () => [...ingresses.store.values()].map(keyOf));
  lifecycle.add(reconciler);
  return lifecycle;
}

function servicesOf({ metadata, spec }: Ingress): string[] {
  const backends = [spec?.defaultBackend, ...(spec?.rules ?? []).flatMap(({ http }) => (http?.paths ?? []).map(({ backend }) => backend))];
  return backends.flatMap((backend) => (backend?.service === undefined ? [] : joinKey(metadata.namespace ?? '', backend.service.name)));
}

function secretsOf({ metadata, spec }: Ingress): string[] {
  return (spec?.tls ?? []).flatMap(({ secretName = '' }) => (secretName === '' ? [] : joinKey(metadata.namespace ?? '', secretName)));
}
