import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../api/object.ts';
import { FakeClock } from '../base/clock.ts';
import type { Running } from '../base/lifecycle.ts';
import { silentLogger } from '../base/logger.ts';
import { openMemory } from '../storage/memory/memory.ts';
import type { Storage } from '../storage/storage.ts';
import type { RequestContext } from './context.ts';
import { define, type ResourceDefinition } from './definition.ts';
import { parentEntries, scaleEntries } from './managed-fields-scale.ts';
import { createRegistry, type DynamicRegistry } from './registry.ts';
import type { Entry, ResourceStore, UpdateRequest } from './store.ts';
import { testContext } from './testing/definitions.ts';

interface Deployment extends KubeObject {
  spec: { replicas?: number; paused?: boolean };
  status: { replicas?: number };
}

const names = {
  kind: 'Deployment',
  listKind: 'DeploymentList',
  resource: 'deployments',
  singular: 'deployment',
  shortNames: [],
  categories: [],
};
const deployments: ResourceDefinition = define<Deployment>({
  ...names,
  ...{ group: 'apps', version: 'v1', namespaced: true, verbs: [], schema: 'io.k8s.api.apps.v1.Deployment', columns: [], status: true },
  strategy: {
    prepareForCreate: (object) => void (object.status = {}),
    prepareForUpdate: (object, old) => void (object.status = old.status),
    statusKeeps: 'labels',
  },
  scale: {
    replicas: ({ spec }) => spec.replicas ?? 0,
    setReplicas: (object, replicas) => void (object.spec.replicas = replicas),
    statusReplicas: ({ status }) => status.replicas ?? 0,
    selector: () => '',
  },
});

/** Another version of the same: what is called `paused` in v1 is `stopped` there. */
const older: ResourceDefinition = define<KubeObject>({
  ...names,
  ...{ group: 'apps', version: 'v0', namespaced: true, verbs: [], schema: '', columns: [], status: true, strategy: {} },
  convert: {
    fromStored({ spec, ...rest }) {
      const { paused, ...others } = spec as { paused?: boolean };
      return { ...rest, spec: { ...others, ...(paused === undefined ? {} : { stopped: paused }) } };
    },
    toStored({ spec, ...rest }) {
      const { stopped, ...others } = spec as { stopped?: boolean };
      return { ...rest, spec: { ...others, ...(stopped === undefined ? {} : { paused: stopped }) } };
    },
  },
});

const clock = new FakeClock(Date.UTC(2026, 0, 1));
let storage: Storage;
let registry: DynamicRegistry & Running;
const as = (fieldManager: string): RequestContext => ({ ...testContext(), fieldManager });
const store = (version = 'v1'): ResourceStore => {
  const found = registry.lookup('apps', version, 'deployments');
  if (found === undefined) throw new Error('not served');
  return found;
};
const owners = ({ object }: Entry): Record<string, string> =>
  Object.fromEntries(
    (object.metadata.managedFields ?? []).map(({ manager, operation, subresource, apiVersion, fieldsV1 }) => [
      [manager, operation, apiVersion, subresource ?? ''].join(' ').trim(),
      JSON.stringify(fieldsV1),
    ]),
  );

beforeEach(async () => {
  storage = openMemory({ clock });
  registry = await createRegistry({ storage, definitions: [deployments, older], admission: [], clock, logger: silentLogger });
});
afterEach(async () => {
  await registry.stop();
  await storage.stop();
});

const create = (spec: object): Promise<Entry> =>
  store().create('default', { metadata: { name: 'd' }, spec, status: { replicas: 5 } } as unknown as KubeObject, as('creator'));

async function write(
  manager: string,
  edit: (object: Deployment) => void,
  rest: Partial<UpdateRequest> & { version?: string } = {},
): Promise<Entry> {
  const { version, ...request } = rest;
  const update = (current: KubeObject | undefined): KubeObject => {
    const copy = structuredClone(current) as Deployment;
    edit(copy);
    return copy;
  };
  return (
    await store(version).update(
      { name: 'd', namespace: 'default', subresource: '', retryOnConflict: true, update, ...request },
      as(manager),
    )
  ).entry;
}

async function apply(manager: string, config: object, rest: Partial<UpdateRequest> = {}): Promise<Entry> {
  const request: UpdateRequest = {
    ...{ name: 'd', namespace: 'default', subresource: '', retryOnConflict: true, forceAllowCreate: true },
    update: (merged) => structuredClone(merged) as KubeObject,
    apply: { config: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' }, ...config }, force: false },
    ...rest,
  };
  return (await store().update(request, as(manager))).entry;
}

describe('owners that the engine keeps', () => {
  test('of the object never the status, through the status never the spec', async () => {
    expect(owners(await create({ replicas: 1 }))).toEqual({ 'creator Update apps/v1': '{"f:spec":{"f:replicas":{}}}' });
    const entry = await write(
      'controller',
      (object) => {
        object.spec.replicas = 9;
        object.metadata.labels = { a: 'b' };
        object.metadata.annotations = { a: 'b' };
        object.status = { replicas: 2 };
      },
      { subresource: 'status' },
    );
    expect(owners(entry)).toEqual({
      'controller Update apps/v1 status': '{"f:metadata":{"f:annotations":{".":{},"f:a":{}}},"f:status":{"f:replicas":{}}}',
      'creator Update apps/v1': '{"f:spec":{"f:replicas":{}}}',
    });
  });

  test('a write that only a strategy undoes changes nothing, not even a time', async () => {
    const created = await create({ replicas: 1 });
    await clock.advance(60_000);
    const entry = await write('creator', (object) => void (object.status = { replicas: 7 }));
    expect([entry.revision, entry.object.metadata.managedFields]).toEqual([created.revision, created.object.metadata.managedFields]);
    const applied = await apply('a', { spec: { replicas: 1 } });
    await clock.advance(60_000);
    expect((await apply('a', { spec: { replicas: 1 } })).revision).toBe(applied.revision);
  });

  test('apply creates what is missing, in a dry run too', async () => {
    expect(owners(await apply('a', { spec: { paused: true } }, { dryRun: true }))).toEqual({
      'a Apply apps/v1': '{"f:spec":{"f:paused":{}}}',
    });
    expect(registry.lookup('apps', 'v1', 'deployments')).toBeDefined();
    await expect(store().get('default', 'd')).rejects.toMatchObject({ code: 404 });
    expect((await apply('a', { spec: { paused: true } })).object).toMatchObject({ spec: { paused: true } });
  });

  test('a uid of an object that is not there is a conflict', async () => {
    const config = { metadata: { name: 'd', uid: 'u-1' } };
    await expect(apply('a', config)).rejects.toMatchObject({
      code: 409,
      message:
        'Operation cannot be fulfilled on deployments.apps "d": uid mismatch: the provided object specified uid u-1, and no existing object was found',
    });
  });

  test('owners in another version lose what they see changed', async () => {
    await create({ replicas: 1, paused: true });
    await write('old', (object) => void ((object.spec as Record<string, unknown>)['stopped'] = undefined), { version: 'v0' });
    expect(owners(await store().get('default', 'd'))).toEqual({ 'creator Update apps/v1': '{"f:spec":{"f:replicas":{}}}' });
    await write('old', (object) => void ((object.spec as Record<string, unknown>)['stopped'] = true), { version: 'v0' });
    await write('new', (object) => void (object.spec.paused = false));
    await write('new', (object) => void (object.spec.paused = true));
    expect(owners(await store().get('default', 'd'))).toEqual({
      'creator Update apps/v1': '{"f:spec":{"f:replicas":{}}}',
      'new Update apps/v1': '{"f:spec":{"f:paused":{}}}',
    });
  });

  test('owners in a version that is served no more go', async () => {
    await create({ replicas: 1 });
    await write('old', (object) => void ((object.spec as Record<string, unknown>)['stopped'] = true), { version: 'v0' });
    registry.withdraw('apps', 'v0', 'deployments');
    expect(owners(await write('new', (object) => void (object.spec.replicas = 2)))).toEqual({
      'new Update apps/v1': '{"f:spec":{"f:replicas":{}}}',
    });
  });

  test('through the Scale the replicas change hands, without a time, as upstream has it', async () => {
    await create({ replicas: 1, paused: true });
    await write('scaler', (scale) => void (scale.spec.replicas = 3), { subresource: 'scale' });
    const entry = await store().get('default', 'd');
    expect(owners(entry)).toEqual({
      'creator Update apps/v1': '{"f:spec":{"f:paused":{}}}',
      'scaler Update apps/v1 scale': '{"f:spec":{"f:replicas":{}}}',
    });
    expect(entry.object.metadata.managedFields?.find(({ manager }) => manager === 'scaler')).not.toHaveProperty('time');
    await expect(apply('a', { spec: { replicas: 4 } })).rejects.toMatchObject({
      message: 'Apply failed with 1 conflict: conflict with "scaler" with subresource "scale" using apps/v1: .spec.replicas',
    });
  });
});

describe('owners of a Scale', () => {
  const entry = (manager: string, operation: string, fields: object, apiVersion = 'apps/v1') => ({
    ...{ manager, operation, apiVersion, time: '2026-01-01T00:00:00Z', fieldsType: 'FieldsV1' },
    fieldsV1: { 'f:spec': fields } as never,
  });
  const replicas = { 'f:replicas': {} };

  test('are those of the replicas in the version of the parent', () => {
    const parent = [
      entry('a', 'Apply', { ...replicas, 'f:x': {} }),
      entry('b', 'Update', { 'f:x': {} }),
      entry('c', 'Update', replicas, 'apps/v0'),
    ];
    expect(scaleEntries(parent, 'apps/v1')).toEqual([{ ...entry('a', 'Apply', replicas), apiVersion: 'autoscaling/v1' }]);
  });

  test('go back to the parent: whoever lost the replicas there keeps the rest', () => {
    const parent = [entry('a', 'Apply', { ...replicas, 'f:x': {} }), entry('b', 'Apply', replicas)];
    const scale = [{ ...entry('b', 'Apply', replicas), apiVersion: 'autoscaling/v1' }];
    expect(parentEntries(parent, scale, 'apps/v1')).toEqual([entry('a', 'Apply', { 'f:x': {} }), entry('b', 'Apply', replicas)]);
  });
});
