/** What kinds ask of names and finalizers, and what they do not ask again. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { cloneJson } from '../api/json.ts';
import type { KubeObject } from '../api/object.ts';
import { FakeClock } from '../base/clock.ts';
import type { ResourceStore } from '../registry/store.ts';
import { admin, testRegistry } from './testing/deps.ts';

let registry: Awaited<ReturnType<typeof testRegistry>>;

beforeEach(async () => {
  registry = await testRegistry(new FakeClock());
});
afterEach(() => registry.stop());

const store = (group: string, version: string, resource: string): ResourceStore =>
  registry.lookup(group, version, resource) as ResourceStore;

async function create(of: ResourceStore, object: object): Promise<KubeObject> {
  return (await of.create(of.definition.namespaced ? 'default' : '', cloneJson(object) as KubeObject, admin)).object;
}

async function merge(of: ResourceStore, name: string, edit: (object: KubeObject) => void): Promise<KubeObject> {
  const update = (current: KubeObject | undefined): KubeObject => {
    const object = cloneJson(current) as KubeObject;
    edit(object);
    return object;
  };
  const namespace = of.definition.namespaced ? 'default' : '';
  return (await of.update({ name, namespace, subresource: '', update, retryOnConflict: false }, admin)).entry.object;
}

const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x' }] } };

test('the names of stateful sets become labels of pods', async () => {
  const spec = { selector: { matchLabels: { a: 'b' } }, template, serviceName: 's' };
  await expect(create(store('apps', 'v1', 'statefulsets'), { metadata: { name: 'a.b' }, spec })).rejects.toThrow('must not contain dots');
});

test('events have any name that a path can have', async () => {
  const events = store('', 'v1', 'events');
  const event = { involvedObject: { namespace: 'default' } };
  expect((await create(events, { ...event, metadata: { name: 'A b' } })).metadata.name).toBe('A b');
  await expect(create(events, { ...event, metadata: { name: 'a/b' } })).rejects.toThrow("may not contain '/'");
});

test('a limit range without a name gets one', async () => {
  const { metadata } = await create(store('', 'v1', 'limitranges'), { metadata: {}, spec: { limits: [] } });
  expect(metadata.name).toMatch(/^[0-9a-f-]{36}$/);
});

test('generateName is the business of creation, for some kinds', async () => {
  const spec = { selector: { matchLabels: { a: 'b' } }, template };
  await create(store('apps', 'v1', 'deployments'), { metadata: { name: 'd' }, spec });
  const changed = await merge(store('apps', 'v1', 'deployments'), 'd', (object) => (object.metadata.generateName = 'A b'));
  expect(changed.metadata.generateName).toBe('A b');
  await create(store('', 'v1', 'configmaps'), { metadata: { name: 'm' } });
  await expect(merge(store('', 'v1', 'configmaps'), 'm', (object) => (object.metadata.generateName = 'A b'))).rejects.toThrow(
    'metadata.generateName: Invalid value: "A b"',
  );
});

test.each([
  ['coordination.k8s.io', 'leases', {}],
  ['policy', 'poddisruptionbudgets', { spec: {} }],
  ['node.k8s.io', 'runtimeclasses', { handler: 'h' }],
] as const)('finalizers without a domain: %s/%s takes them', async (group, resource, fields) => {
  const made = await create(store(group, 'v1', resource), { metadata: { name: 'a', finalizers: ['plain'] }, ...fields });
  expect(made.metadata.finalizers).toEqual(['plain']);
});

test('finalizers without a domain: most kinds refuse them', async () => {
  await expect(create(store('', 'v1', 'configmaps'), { metadata: { name: 'a', finalizers: ['plain'] } })).rejects.toThrow(
    'metadata.finalizers[0]: Invalid value: "plain": name is neither a standard finalizer name nor is it fully qualified',
  );
});

test('a node: no dynamic configuration, an external id that stays', async () => {
  const nodes = store('', 'v1', 'nodes');
  await create(nodes, { metadata: { name: 'n' }, spec: { externalID: 'x' } });
  const changed = await merge(nodes, 'n', (object) => (object['spec'] = { externalID: 'x', configSource: { configMap: {} } }));
  expect(changed['spec']).not.toHaveProperty('configSource');
  await expect(merge(nodes, 'n', (object) => (object['spec'] = { externalID: 'y' }))).rejects.toThrow(
    'spec.externalID: Forbidden: may not be updated',
  );
});

test('a slice of endpoints: no topology of old, names are deprecated', async () => {
  const warned: string[] = [];
  const slices = store('discovery.k8s.io', 'v1', 'endpointslices');
  const slice = { metadata: { name: 's' }, addressType: 'FQDN', endpoints: [{ addresses: ['a.example'], deprecatedTopology: { a: 'b' } }] };
  const context = { ...admin, warn: (text: string) => void warned.push(text) };
  const { object } = await slices.create('default', cloneJson(slice) as unknown as KubeObject, context);
  expect(object['endpoints']).toEqual([{ addresses: ['a.example'], conditions: {} }]);
  expect(warned).toEqual(['spec.addressType: FQDN endpoints are deprecated']);
});

test('the Jobs of a CronJob select their pods by themselves', async () => {
  const pods = { spec: { ...template.spec, restartPolicy: 'Never' } };
  const jobTemplate = { spec: { selector: { matchLabels: { a: 'b' } }, manualSelector: true, template: pods } };
  const made = create(store('batch', 'v1', 'cronjobs'), { metadata: { name: 'c' }, spec: { schedule: '@daily', jobTemplate } });
  await expect(made).rejects.toThrow(
    '[spec.jobTemplate.spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: `selector` will be auto-generated, ' +
      'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"]',
  );
});
