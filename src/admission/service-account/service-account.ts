/** Every pod acts as a service account that exists, and gets a token for it (plugin/pkg/admission/serviceaccount). */
import type { Pod, PodSpec, ServiceAccount } from '../../api/generated/types.ts';
import { realClock } from '../../base/clock.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../registry/admission.ts';
import { generateName } from '../../registry/metadata.ts';
import type { AdmissionDeps } from '../shared/deps.ts';
import { find, pathNameFault, storeOf } from '../shared/read.ts';
import { isAbout, isOf, refuse } from '../shared/request.ts';
import { ephemeralSecretFault, limitsSecrets, secretFault } from './secret-references.ts';
import { mountToken } from './token-volume.ts';

const serviceAccounts = { group: '', version: 'v1', resource: 'serviceaccounts' } as const;
const mirrorAnnotation = 'kubernetes.io/config.mirror';
const defaultName = 'default';
/** How long a new namespace's default account may take to appear, in ms. */
const patience = 1500;

export function serviceAccount({ registry, clock = realClock, random = Math.random }: AdmissionDeps): AdmissionPlugin {
  return {
    name: 'ServiceAccount',
    changes: ['/pods'],
    mutate: (request) => (isNewPod(request) ? complete(request, podOf(request)) : undefined),
    validate: (request) => (isNewPod(request) || addsEphemeralContainers(request) ? check(request, podOf(request)) : undefined),
  };

  async function complete(request: AdmissionRequest, pod: Pod): Promise<void> {
    const { spec } = pod;
    if (spec === undefined || isMirror(pod)) return;
    if ((spec.serviceAccountName ?? '') === '') spec.serviceAccountName = defaultName;
    const account = await accountOf(request, spec);
    if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true)
      mountToken(spec, (base) => generateName(base, random));
    const secrets = account.imagePullSecrets ?? [];
    if ((spec.imagePullSecrets ?? []).length === 0 && secrets.length > 0)
      spec.imagePullSecrets = secrets.map(({ name }) => ({ ...(name === undefined ? {} : { name }) }));
  }

  async function check(request: AdmissionRequest, pod: Pod): Promise<void> {
    const { spec } = pod;
    if (spec === undefined) return;
    if (request.operation === 'CREATE' && isMirror(pod)) return checkMirror(request, spec);
    if ((spec.serviceAccountName ?? '') === '')
      throw refuse(request, `no service account specified for pod ${request.namespace}/${pod.metadata?.name ?? ''}`);
    const account = await accountOf(request, spec);
    if (!limitsSecrets(account)) return;
    const fault = request.operation === 'CREATE' ? secretFault(account, spec) : ephemeralSecretFault(account, spec);
    if (fault !== undefined) throw refuse(request, fault);
  }

  async function accountOf(request: AdmissionRequest, { serviceAccountName: name = '' }: PodSpec): Promise<ServiceAccount> {
    const { namespace } = request;
    const place = { namespace, name };
    const found = await find<ServiceAccount>(registry(), serviceAccounts, place);
    const account = found ?? (name === defaultName ? await appearing(place) : undefined);
    if (account !== undefined) return account;
    const why = pathNameFault(name) ?? `serviceaccount ${JSON.stringify(name)} not found`;
    throw refuse(request, `error looking up service account ${namespace}/${name}: ${why}`);
  }

  /** The account, once its controller has made it; undefined when that takes too long. */
  async function appearing({
    namespace,
    name,
  }: {
    readonly namespace: string;
    readonly name: string;
  }): Promise<ServiceAccount | undefined> {
    const store = storeOf(registry(), serviceAccounts);
    if (store === undefined) return undefined;
    const { promise, resolve } = Promise.withResolvers<ServiceAccount | undefined>();
    const cancel = clock.after(patience, () => resolve(undefined));
    const watch = await store.watch(
      { namespace, name, resourceVersion: '', allowBookmarks: false },
      {
        events: (events) => events.forEach((event) => event.type === 'ADDED' && resolve(event.entry.object)),
        end: () => resolve(undefined),
      },
    );
    try {
      return await promise;
    } finally {
      cancel();
      await watch.stop();
    }
  }
}

function podOf({ object }: AdmissionRequest): Pod {
  return object as unknown as Pod;
}

function isNewPod(request: AdmissionRequest): boolean {
  return request.operation === 'CREATE' && isAbout(request, '', 'pods') && request.object !== undefined;
}

function addsEphemeralContainers({ operation, definition, subresource, object }: AdmissionRequest): boolean {
  return operation === 'UPDATE' && subresource === 'ephemeralcontainers' && isOf(definition, '', 'pods') && object !== undefined;
}

/** Written by a kubelet, for a pod that it runs of its own accord. */
function isMirror({ metadata }: Pod): boolean {
  return metadata?.annotations?.[mirrorAnnotation] !== undefined;
}

function checkMirror(request: AdmissionRequest, spec: PodSpec): void {
  if ((spec.serviceAccountName ?? '') !== '') throw refuse(request, 'a mirror pod may not reference service accounts');
  const volumes = spec.volumes ?? [];
  const environment = [...(spec.initContainers ?? []), ...spec.containers].some(
    ({ env = [], envFrom = [] }) =>
      env.some((variable) => variable.valueFrom?.secretKeyRef !== undefined) || envFrom.some((source) => source.secretRef !== undefined),
  );
  if (environment || (spec.imagePullSecrets ?? []).length > 0 || volumes.some(({ secret }) => secret !== undefined)) {
    throw refuse(request, 'a mirror pod may not reference secrets');
  }
  if (volumes.some(({ projected }) => projected?.sources?.some((source) => source.serviceAccountToken !== undefined))) {
    throw refuse(request, 'a mirror pod may not use ServiceAccountToken volume projections');
  }
}
