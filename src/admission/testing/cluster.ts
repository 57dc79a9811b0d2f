/** A registry of bare kinds with admission plugins, for tests. */
import type { KubeObject } from '../../api/object.ts';
import { FakeClock } from '../../base/clock.ts';
import { Lifecycle, type Running } from '../../base/lifecycle.ts';
import { silentLogger } from '../../base/logger.ts';
import type { AdmissionPlugin } from '../../registry/admission.ts';
import type { RequestContext } from '../../registry/context.ts';
import type { ResourceDefinition } from '../../registry/definition.ts';
import { createRegistry } from '../../registry/registry.ts';
import type { Registry, ResourceStore } from '../../registry/store.ts';
import { openMemory } from '../../storage/memory/memory.ts';
import type { AdmissionDeps } from '../shared/deps.ts';

const kinds: readonly [apiVersion: string, resource: string, kind: string, namespaced: boolean][] = [
  ['v1', 'namespaces', 'Namespace', false],
  ['v1', 'pods', 'Pod', true],
  ['v1', 'configmaps', 'ConfigMap', true],
  ['v1', 'services', 'Service', true],
  ['v1', 'nodes', 'Node', false],
  ['v1', 'serviceaccounts', 'ServiceAccount', true],
  ['v1', 'limitranges', 'LimitRange', true],
  ['v1', 'resourcequotas', 'ResourceQuota', true],
  ['v1', 'persistentvolumes', 'PersistentVolume', false],
  ['v1', 'persistentvolumeclaims', 'PersistentVolumeClaim', true],
  ['storage.k8s.io/v1', 'storageclasses', 'StorageClass', false],
  ['networking.k8s.io/v1', 'ingressclasses', 'IngressClass', false],
  ['networking.k8s.io/v1', 'ingresses', 'Ingress', true],
  ['node.k8s.io/v1', 'runtimeclasses', 'RuntimeClass', false],
  ['scheduling.k8s.io/v1', 'priorityclasses', 'PriorityClass', false],
];

function definition([apiVersion, resource, kind, namespaced]: (typeof kinds)[number]): ResourceDefinition {
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  return {
    ...{
      group,
      version,
      kind,
      resource,
      namespaced,
      listKind: `${kind}List`,
      singular: kind.toLowerCase(),
      shortNames: [],
      categories: [],
    },
    ...{ verbs: ['create', 'delete', 'get', 'list', 'update', 'watch'], schema: '', strategy: {}, columns: [], status: true },
    subresources: [{ name: 'ephemeralcontainers' }, { name: 'resize' }],
  };
}

export interface TestCluster extends Running {
  readonly registry: Registry;
  readonly clock: FakeClock;
  store(resource: string): ResourceStore;
  /** The namespace comes from the object; answers what was stored. */
  create(resource: string, object: object): Promise<KubeObject>;
  update(resource: string, object: KubeObject, subresource?: string): Promise<KubeObject>;
}

export const testContext: RequestContext = { user: { name: 'tester', groups: [] }, warn: () => undefined };

export async function testCluster(plugins: (deps: AdmissionDeps) => readonly AdmissionPlugin[]): Promise<TestCluster> {
  const lifecycle = new Lifecycle();
  const clock = new FakeClock();
  const storage = lifecycle.add(openMemory({ clock }));
  const admission = plugins({ registry: () => registry, clock, random: () => 0 });
  const registry: Registry & Running = lifecycle.add(
    await createRegistry({ storage, definitions: kinds.map(definition), admission, clock, logger: silentLogger }),
  );
  const store = (resource: string): ResourceStore => {
    const found = registry.all().find((candidate) => candidate.definition.resource === resource);
    if (found === undefined) throw new Error(`no ${resource}`);
    return found;
  };
  return {
    registry,
    clock,
    store,
    async create(resource, object) {
      const copy = structuredClone(object) as KubeObject;
      return (await store(resource).create(copy.metadata.namespace ?? '', copy, testContext)).object;
    },
    async update(resource, object, subresource = '') {
      const { name, namespace = '' } = object.metadata;
      const request = { name, namespace, subresource, update: () => structuredClone(object), retryOnConflict: false };
      return (await store(resource).update(request, testContext)).entry.object;
    },
    stop: () => lifecycle.stop(),
    [Symbol.asyncDispose]: () => lifecycle.stop(),
  };
}

/** A minimal pod. */
export function testPod(spec: object = {}, metadata: object = {}): object {
  return { metadata: { name: 'p', namespace: 'default', ...metadata }, spec: { containers: [{ name: 'c', image: 'i' }], ...spec } };
}
