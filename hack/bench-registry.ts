/** Measures the registry engine over memory storage with a realistic pod: `node hack/bench-registry.ts [count [pods]]`. Microseconds of this thread's CPU an operation. */
import { admissionPlugins } from '../src/admission/index.ts';
import { cloneJson } from '../src/api/json.ts';
import type { KubeObject } from '../src/api/object.ts';
import { realClock } from '../src/base/clock.ts';
import { silentLogger } from '../src/base/logger.ts';
import type { RequestContext } from '../src/registry/context.ts';
import type { ResourceDefinition } from '../src/registry/definition.ts';
import { createRegistry } from '../src/registry/registry.ts';
import type { Registry, ResourceStore } from '../src/registry/store.ts';
import { selectionOf } from '../src/registry/selection.ts';
import { builtinResources } from '../src/resources/index.ts';
import { openMemory } from '../src/storage/memory/memory.ts';

const count = Number(process.argv[2] ?? 5000);
const context: RequestContext = { user: { name: 'bench', groups: [] }, warn: () => undefined };

const pod = (name: string): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'default',
      labels: { app: 'web', 'pod-template-hash': '5d4f8c7b9', tier: 'front' },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: 'web-5d4f8c7b9',
          uid: '00000000-0000-4000-8000-000000000000',
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      containers: [
        {
          name: 'web',
          image: 'registry.example.com/team/web:1.2.3',
          ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
          env: Array.from({ length: 8 }, (_, at) => ({ name: `VARIABLE_${at}`, value: `value number ${at}` })),
          resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '500m', memory: '256Mi' } },
          readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 5 },
          livenessProbe: { httpGet: { path: '/live', port: 'http' } },
          volumeMounts: [{ name: 'config', mountPath: '/etc/web' }],
        },
        {
          name: 'sidecar',
          image: 'registry.example.com/team/sidecar:4',
          args: ['--listen', ':9090'],
          resources: { requests: { cpu: '10m' } },
        },
      ],
      volumes: [{ name: 'config', configMap: { name: 'web' } }],
    },
  }) as unknown as KubeObject;

/** A bare kind: what is left is the engine. */
const bare: ResourceDefinition = {
  ...{
    group: 'bench.example.com',
    version: 'v1',
    kind: 'Pod',
    listKind: 'PodList',
    resource: 'pods',
    singular: 'pod',
    shortNames: [],
    categories: [],
  },
  ...{ namespaced: true, verbs: [], schema: '', strategy: {}, columns: [], status: true },
};

async function measure(label: string, times: number, run: (at: number) => Promise<unknown>): Promise<void> {
  const start = process.threadCpuUsage().user;
  for (let at = 0; at < times; at++) await run(at);
  const micros = (process.threadCpuUsage().user - start) / times;
  console.log(`${label.padEnd(34)} ${micros.toFixed(1).padStart(9)} us`);
}

async function measureStore(label: string, store: ResourceStore): Promise<void> {
  const names = Array.from({ length: count }, (_, at) => `pod-${at}`);
  const objects = names.map(pod);
  await measure(`${label}: create`, count, (at) => store.create('default', objects[at] ?? pod('x'), context));
  await measure(`${label}: get (object)`, count, async (at) => (await store.get('default', names[at] ?? '')).object);
  await measure(`${label}: get (bytes)`, count, async (at) => (await store.get('default', names[at] ?? '')).json);
  await measure(`${label}: update status`, count, (at) =>
    store.update(
      {
        namespace: 'default',
        name: names[at] ?? '',
        subresource: 'status',
        retryOnConflict: true,
        update: (current) => ({
          ...cloneJson(current as KubeObject),
          status: { phase: 'Running', podIP: '10.42.0.7', startTime: '2026-01-01T00:00:00Z' },
        }),
      },
      context,
    ),
  );
  await measure(`${label}: update that changes nothing`, count, (at) =>
    store.update(
      {
        namespace: 'default',
        name: names[at] ?? '',
        subresource: '',
        retryOnConflict: true,
        update: (current) => cloneJson(current as KubeObject),
      },
      context,
    ),
  );
  await measure(`${label}: list ${count}`, 20, () => store.list({ namespace: 'default' }));
  const selection = selectionOf(store.definition, { namespace: 'default', labelSelector: 'app=web,tier in (front,back)' });
  await measure(`${label}: list ${count} by label`, 20, () => store.list(selection));
  await measure(`${label}: delete`, count, (at) => store.delete('default', names[at] ?? '', { gracePeriodSeconds: 0 }, context));
}

async function main(): Promise<void> {
  for (let round = process.argv[3] === 'pods' ? 2 : 0; round < 2; round++) {
    const storage = openMemory({ clock: realClock });
    await using registry = await createRegistry({ storage, definitions: [bare], admission: [], clock: realClock, logger: silentLogger });
    const store = registry.lookup('bench.example.com', 'v1', 'pods');
    if (store !== undefined) await measureStore(round === 0 ? 'engine (cold)' : 'engine', store);
    await storage.stop();
  }
  const storage = openMemory({ clock: realClock });
  const definitions = builtinResources({ clock: realClock, serviceCIDRs: ['10.43.0.0/16'] } as never);
  const admission = admissionPlugins({ registry: (): Registry => registry });
  const registry = await createRegistry({ storage, definitions, admission, clock: realClock, logger: silentLogger });
  for (const [resource, name, namespace] of [
    ['namespaces', 'default', ''],
    ['serviceaccounts', 'default', 'default'],
  ] as const) {
    const object = { metadata: { name } } as unknown as KubeObject;
    await registry.lookup('', 'v1', resource)?.create(namespace, object, context);
  }
  const pods = registry.lookup('', 'v1', 'pods');
  if (pods !== undefined) await measureStore('pods with admission', pods);
  await registry.stop();
  await storage.stop();
}

await main();
