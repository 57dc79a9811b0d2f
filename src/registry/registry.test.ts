import { describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../api/object.ts';
import type { AdmissionPlugin } from './admission.ts';
import { selectionOf } from './selection.ts';
import type { ResourceEvent } from './store.ts';
import { testContext, widget, widgets, widgetsV2, type Widget } from './testing/definitions.ts';
import { change, clock, context, create, failure, found, registry, start, storage, store, use } from './testing/harness.ts';

describe('create', () => {
  test('fills in what the server decides and stores metadata first', async () => {
    const entry = await create(widget('a'));
    expect(entry.object).toMatchObject({
      metadata: {
        name: 'a',
        namespace: 'default',
        generation: 1,
        creationTimestamp: '2026-01-01T00:00:00Z',
        resourceVersion: String(entry.revision),
      },
      spec: { size: 1, color: 'grey' },
      status: {},
    });
    expect(entry.object.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(entry.object).not.toHaveProperty('kind');
    expect(Object.isFrozen(entry.object.spec)).toBe(true);
    const kept = found(await storage.get('/registry/example.com/widgets/default/a'));
    expect(kept.value.toString()).toMatch(/^\{"kind":"Widget","apiVersion":"example.com\/v1","metadata":\{"name":"a",/);
    expect(kept.value.toString()).not.toContain('resourceVersion');
    expect(JSON.parse(entry.json.toString())).toEqual(entry.object);
  });

  test('what the client says of uid, timestamps and status counts for nothing', async () => {
    const object = widget('a');
    Object.assign(object.metadata, {
      uid: 'x',
      creationTimestamp: '1999-01-01T00:00:00Z',
      deletionTimestamp: '1999-01-01T00:00:00Z',
      selfLink: '/',
    });
    object.status = { phase: 'Done' };
    const { metadata, status } = (await create(object)).object;
    expect(metadata.uid).not.toBe('x');
    expect(metadata.creationTimestamp).toBe('2026-01-01T00:00:00Z');
    expect(metadata.deletionTimestamp).toBeUndefined();
    expect(metadata.selfLink).toBeUndefined();
    expect(status).toEqual({});
  });

  test('twice', async () => {
    await create(widget('a'));
    const error = await failure(create(widget('a')));
    expect(error.toStatus()).toMatchObject({
      reason: 'AlreadyExists',
      code: 409,
      message: 'widgets.example.com "a" already exists',
      details: { name: 'a', group: 'example.com', kind: 'widgets' },
    });
  });

  test('while the old one is being deleted', async () => {
    const object = widget('a');
    object.metadata.finalizers = ['example.com/hold'];
    await create(object);
    await store.delete('default', 'a', {}, context);
    expect((await failure(create(widget('a')))).message).toBe('object is being deleted: widgets.example.com "a" already exists');
  });

  test('all faults at once, metadata first', async () => {
    const object = widget('Bad', { size: -1 });
    object.metadata.labels = { ok: '-no' };
    const error = await failure(create(object));
    expect(error.code).toBe(422);
    expect(error.details?.causes?.map((cause) => cause.field)).toEqual(['metadata.name', 'metadata.labels', 'spec.size']);
    expect(error.message).toContain(
      'Widget.example.com "Bad" is invalid: [metadata.name: Invalid value: "Bad": a lowercase RFC 1123 subdomain',
    );
  });

  test('in another namespace than the path says', async () => {
    const object = widget('a');
    object.metadata.namespace = 'other';
    const error = await failure(create(object));
    expect([error.code, error.message]).toEqual([
      400,
      'the namespace of the provided object does not match the namespace sent on the request',
    ]);
  });

  test('without a name', async () => {
    const error = await failure(create(widget('')));
    expect(error.message).toBe('Widget.example.com "" is invalid: metadata.name: Required value: name or generateName is required');
  });

  test('with a resource version', async () => {
    const object = widget('a');
    object.metadata.resourceVersion = '5';
    expect((await failure(create(object))).message).toBe('resourceVersion should not be set on objects to be created');
    expect((await create(object, { dryRun: true })).object.metadata.resourceVersion).toBeUndefined();
    object.metadata.labels = { a: '-' };
    expect((await failure(create(object))).reason).toBe('Invalid');
  });

  test('with a resource version, in a dry run: shows it', async () => {
    const object = widget('a');
    object.metadata.resourceVersion = '5';
    const entry = await store.create('default', object, context, { dryRun: true });
    expect(entry.revision).toBe(5);
  });

  test('a dry run answers as if, and stores nothing', async () => {
    const entry = await create(widget('a'), { dryRun: true });
    expect(entry.object.metadata.uid).toBeDefined();
    expect(entry.object.metadata.resourceVersion).toBeUndefined();
    expect((await store.list({ namespace: 'default' })).entries).toEqual([]);
    await create(widget('a'));
    expect((await failure(create(widget('a'), { dryRun: true }))).reason).toBe('AlreadyExists');
  });

  test('warnings reach the client', async () => {
    const warned = testContext();
    await store.create('default', widget('a', { size: 101 }), warned);
    expect(warned.warnings).toEqual(['spec.size: that is a lot']);
  });

  test('owner references that are there twice are dropped with a warning', async () => {
    const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u1' };
    const object = widget('a');
    object.metadata.ownerReferences = [owner, { ...owner }, { ...owner, uid: 'u2' }];
    const warned = testContext();
    const entry = await store.create('default', object, warned);
    expect(entry.object.metadata.ownerReferences?.map(({ uid }) => uid)).toEqual(['u1', 'u2']);
    expect(warned.warnings[0]).toMatch(/duplicate UID\(s\) observed: u1$/);
  });
});

describe('generated names', () => {
  function generated(): KubeObject {
    const object = widget('');
    delete (object.metadata as { name?: string }).name;
    object.metadata.generateName = 'web-';
    return object;
  }

  test('have five letters of the safe alphabet', async () => {
    expect((await create(generated())).name).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  test('long bases are cut to 63', async () => {
    const object = generated();
    object.metadata.generateName = 'x'.repeat(70);
    expect((await create(object)).name).toHaveLength(63);
  });

  test('others are tried when one is taken, eight in all', async () => {
    const numbers = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.5, 0, 0, 0, 0];
    let at = 0;
    await start(undefined, [], () => numbers[at++] ?? 0);
    expect((await create(generated())).name).toBe('web-bbbbb');
    expect((await create(generated())).name).toBe('web-rbbbb');
    const error = await failure(create(generated()));
    expect(error.message).toBe(
      'widgets.example.com "web-bbbbb" already exists, the server was not able to generate a unique name for the object',
    );
    expect(error.details?.retryAfterSeconds).toBe(1);
    expect(at).toBe(15 + 8 * 5);
  });
});

describe('update', () => {
  test('raises generation with the spec, and keeps status, uid and birthday', async () => {
    const before = await create(widget('a'));
    await clock.advance(5000);
    const { entry, created } = await change('a', (object) => {
      object.spec = { size: 2, color: 'grey' };
      object.status = { phase: 'Hacked' };
      object.metadata.generation = 77;
      delete (object.metadata as { uid?: string }).uid;
      object.metadata.creationTimestamp = '1999-01-01T00:00:00Z';
    });
    expect(created).toBe(false);
    expect(entry.revision).toBeGreaterThan(before.revision);
    expect(entry.object).toMatchObject({
      metadata: { generation: 2, uid: before.object.metadata.uid, creationTimestamp: before.object.metadata.creationTimestamp },
      spec: { size: 2 },
      status: {},
    });
  });

  test('that changes nothing writes nothing', async () => {
    const before = await create(widget('a'));
    const { entry } = await change('a', () => undefined);
    expect(entry.revision).toBe(before.revision);
    expect(await storage.revision()).toBe(before.revision);
  });

  test('of an old version', async () => {
    const before = await create(widget('a'));
    await change('a', (object) => (object.spec = { size: 2, color: 'grey' }));
    const error = await failure(change('a', (object) => (object.metadata.resourceVersion = before.object.metadata.resourceVersion)));
    expect(error.code).toBe(409);
    expect(error.message).toBe(
      'Operation cannot be fulfilled on widgets.example.com "a": the object has been modified; please apply your changes to the latest version and try again',
    );
  });

  test('without a version overwrites, unless the kind forbids that', async () => {
    const blind = (object: KubeObject): void => {
      delete (object.metadata as { resourceVersion?: string }).resourceVersion;
      object.spec = { size: 9, color: 'grey' };
    };
    await create(widget('a'));
    expect((await change('a', blind)).entry.object.spec).toMatchObject({ size: 9 });
    await start([widgets({ strategy: { allowUnconditionalUpdate: false } })]);
    await create(widget('a'));
    const error = await failure(change('a', blind));
    expect(error.message).toBe(
      'widgets.example.com "a" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update',
    );
  });

  test('of another object of the same name', async () => {
    await create(widget('a'));
    const error = await failure(change('a', (object) => (object.metadata.uid = 'other')));
    expect(error.code).toBe(409);
    expect(error.message).toMatch(
      /^Operation cannot be fulfilled on widgets.example.com "a": StorageError: invalid object, Code: 4, Key: \/registry\/example.com\/widgets\/default\/a, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: other, UID in object meta: /,
    );
    const patch = await failure(change('a', (object) => (object.metadata.uid = 'other'), { retryOnConflict: true }));
    expect(patch.message).toBe('Widget.example.com "a" is invalid: metadata.uid: Invalid value: "other": field is immutable');
  });

  test('under another name', async () => {
    await create(widget('a'));
    const error = await failure(change('a', (object) => (object.metadata.name = 'b')));
    expect([error.code, error.message]).toEqual([400, 'the name of the object (b) does not match the name on the URL (a)']);
  });

  test('of what is not there', async () => {
    const error = await failure(change('a', () => undefined, { retryOnConflict: true }));
    expect(error.message).toBe('widgets.example.com "a" not found');
  });

  test('under another name than its own is refused before anybody looks for it, with a patch it is not found first', async () => {
    const request = { name: 'a', namespace: 'default', subresource: '', update: () => widget('b') };
    expect((await failure(store.update({ ...request, retryOnConflict: false }, context))).message).toBe(
      'the name of the object (b) does not match the name on the URL (a)',
    );
    expect((await failure(store.update({ ...request, retryOnConflict: true }, context))).reason).toBe('NotFound');
  });

  test('creates where the kind allows it', async () => {
    await start([widgets({ strategy: { allowCreateOnUpdate: true } })]);
    const request = { name: 'a', namespace: 'default', subresource: '', update: () => widget('a'), retryOnConflict: false };
    const { entry, created } = await store.update(request, context);
    expect(created).toBe(true);
    // What version it bears does not matter then.
    const versioned = { ...widget('c'), metadata: { ...widget('c').metadata, resourceVersion: '9' } };
    expect((await store.update({ ...request, name: 'c', update: () => versioned }, context)).created).toBe(true);
    expect(entry.object.metadata).toMatchObject({ generation: 1, namespace: 'default' });
    expect((await store.update(request, context)).created).toBe(false);
    const other = (subresource: string) => store.update({ ...request, name: 'b', update: () => widget('b'), subresource }, context);
    expect((await failure(other('scale'))).reason).toBe('NotFound');
    expect((await other('status')).created).toBe(true);
  });

  test('is tried again on the newest state when somebody else was faster', async () => {
    await create(widget('a'));
    let calls = 0;
    const update = async (current: KubeObject | undefined): Promise<KubeObject> => {
      const next = structuredClone(found(current)) as unknown as Widget;
      if (++calls === 1) await change('a', (object) => (object.metadata.labels = { by: 'other' }));
      next.spec.size = 5;
      return next as unknown as KubeObject;
    };
    const { entry } = await store.update({ name: 'a', namespace: 'default', subresource: '', update, retryOnConflict: true }, context);
    expect(calls).toBe(2);
    expect(entry.object).toMatchObject({ metadata: { labels: { by: 'other' } }, spec: { size: 5 } });
  });

  test('a dry run changes nothing', async () => {
    const before = await create(widget('a'));
    const { entry } = await change('a', (object) => (object.spec = { size: 2, color: 'grey' }), { dryRun: true });
    expect(entry.object.spec).toMatchObject({ size: 2 });
    expect((await store.get('default', 'a')).revision).toBe(before.revision);
  });

  test('validateUpdate takes the place of validate', async () => {
    await create(widget('a'));
    const error = await failure(change('a', (object) => (object.spec = { size: -5, color: 'red' })));
    expect(error.message).toBe('Widget.example.com "a" is invalid: spec.color: Invalid value: "red": field is immutable');
  });
});

describe('subresources', () => {
  test.each([
    [undefined, { labels: { x: 'y' }, annotations: { x: 'y' } }],
    ['labels', { annotations: { x: 'y' } }],
    ['metadata', {}],
  ] as const)('status changes status, and metadata unless the kind keeps it (%s)', async (statusKeeps, expected) => {
    if (statusKeeps !== undefined) use(registry.serve(widgets({ strategy: { ...widgets().strategy, statusKeeps } } as never)));
    await create(widget('a'));
    const { entry } = await change(
      'a',
      (object) => {
        object.spec = { size: 50 };
        object.status = { phase: 'Done' };
        object.metadata.labels = { x: 'y' };
        object.metadata.annotations = { x: 'y' };
      },
      { subresource: 'status' },
    );
    expect(entry.object).toMatchObject({ metadata: { generation: 1 }, spec: { size: 1 }, status: { phase: 'Done' } });
    const { labels, annotations } = entry.object.metadata;
    expect({ ...(labels && { labels }), ...(annotations && { annotations }) }).toEqual(expected);
  });

  test('a kind that prepares its status itself keeps metadata all the same', async () => {
    const prepareForStatusUpdate = (object: KubeObject, old: KubeObject): void => void (object['spec'] = structuredClone(old['spec']));
    use(registry.serve(widgets({ strategy: { ...widgets().strategy, statusKeeps: 'metadata', prepareForStatusUpdate } } as never)));
    await create(widget('a'));
    const { entry } = await change('a', (object) => (object.metadata.labels = { x: 'y' }), { subresource: 'status' });
    expect(entry.object.metadata.labels).toBeUndefined();
  });

  test('scale shows and sets replicas', async () => {
    await create(widget('a'));
    let shown: KubeObject | undefined;
    const { entry } = await change(
      'a',
      (scale) => {
        shown = structuredClone(scale);
        scale.spec = { replicas: 7 };
      },
      { subresource: 'scale' },
    );
    expect(shown).toMatchObject({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      spec: { replicas: 1 },
      status: { replicas: 0, selector: 'app=widget' },
    });
    expect(entry.object).toMatchObject({ metadata: { name: 'a', resourceVersion: String(entry.revision) }, spec: { replicas: 7 } });
    expect((await store.get('default', 'a')).object).toMatchObject({ spec: { size: 7 }, metadata: { generation: 2 } });
    const error = await failure(change('a', (scale) => (scale.spec = { replicas: -1 }), { subresource: 'scale' }));
    expect(error.message).toBe('Scale.autoscaling "a" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0');
  });

  test('one of its own prepares and answers', async () => {
    await create(widget('a'));
    const { entry } = await change('a', (object) => (object.spec = { size: 50, color: 'red' }), { subresource: 'paint' });
    expect(entry.object.spec).toEqual({ size: 1, color: 'red' });
    expect(await store.connect('paint', 'default', 'a', widget('x'), context)).toMatchObject({ painted: 'a' });
    expect((await failure(store.connect('none', 'default', 'a', widget('x'), context))).code).toBe(405);
  });
});

describe('hooks', () => {
  test('a reservation is confirmed by the write, and undone by a dry run or a failure', async () => {
    const log: string[] = [];
    const beginCreate = (object: Widget): Promise<{ commit(): void; rollback(): void }> => {
      object.spec.size = 42;
      return Promise.resolve({ commit: () => void log.push('commit'), rollback: () => void log.push('rollback') });
    };
    await start([widgets({ strategy: { beginCreate, afterDelete: () => void log.push('deleted') } })]);
    expect((await create(widget('a'))).object.spec).toMatchObject({ size: 42 });
    await create(widget('b'), { dryRun: true });
    await failure(create(widget('a')));
    await store.delete('default', 'a', {}, context);
    expect(log).toEqual(['commit', 'rollback', 'rollback', 'deleted']);
  });

  test('admission: mutating before validation, validating after; it sees what was and what will be', async () => {
    const log: string[] = [];
    const plugin: AdmissionPlugin = {
      name: 'test',
      mutate: ({ operation, subresource, object }) => {
        log.push(`mutate ${operation} ${subresource}`);
        if (operation === 'CREATE' && object !== undefined) object.spec = { size: 3 };
      },
      validate: ({ operation, name, object, old }) => {
        log.push(`validate ${operation} ${name} ${String(object !== undefined)} ${String(old !== undefined)}`);
      },
    };
    await start(undefined, [plugin]);
    expect((await create(widget('a', { size: -1 }))).object.spec).toEqual({ size: 3, color: 'grey' });
    await change('a', (object) => (object.status = { phase: 'x' }), { subresource: 'status' });
    await store.delete('default', 'a', {}, context);
    expect(log).toEqual([
      'mutate CREATE ',
      'validate CREATE a true false',
      'mutate UPDATE status',
      'validate UPDATE a true true',
      'mutate DELETE ',
      'validate DELETE a false true',
    ]);
  });
});

describe('versions over one storage', () => {
  test('each is served in its own form', async () => {
    await start([widgets(), widgetsV2()]);
    const v2 = found(registry.lookup('example.com', 'v2', 'widgets'));
    await create(widget('a', { size: 4 }));
    const entry = await v2.get('default', 'a');
    expect(entry.object.spec).toEqual({ area: 4 });
    expect(JSON.parse(entry.json.toString())).toEqual(entry.object);
    expect(await v2.get('default', 'a')).toBe(entry);
    const seen: unknown[] = [];
    const sink = {
      events: (events: readonly ResourceEvent[]): void =>
        void seen.push(...events.map((event) => (event.type === 'BOOKMARK' ? '' : event.entry.object.spec))),
      end: () => undefined,
    };
    const watch = await v2.watch({ namespace: '', resourceVersion: '0', allowBookmarks: false }, sink);
    const made: KubeObject = { metadata: { name: 'b' } as KubeObject['metadata'], spec: { area: 6 } };
    expect((await v2.create('default', made, context)).object.spec).toEqual({ area: 6 });
    expect((await store.get('default', 'b')).object.spec).toMatchObject({ size: 6 });
    const big = await v2.list(selectionOf(v2.definition, { fieldSelector: 'spec.area=6' }));
    expect(big.entries.map(({ name }) => name)).toEqual(['b']);
    expect(seen).toEqual([{ area: 4 }, { area: 6 }]);
    await watch.stop();
  });
});

describe('selection', () => {
  test('by name, namespace and the fields of the kind', () => {
    const { definition } = store;
    expect(selectionOf(definition, { namespace: 'x', fieldSelector: 'metadata.name=a' })).toMatchObject({ namespace: 'x', name: 'a' });
    expect(selectionOf(definition, { fieldSelector: 'metadata.namespace=y' }).namespace).toBe('y');
    expect(selectionOf(definition, { fieldSelector: 'spec.color!=red' }).fields?.(widget('a', { color: 'red' }))).toBe(false);
    expect(() => selectionOf(definition, { fieldSelector: 'spec.size=1' })).toThrow('field label not supported: spec.size');
    const { selectableFields: _none, ...plain } = definition;
    expect(() => selectionOf(plain, { fieldSelector: 'spec.size=1' })).toThrow(
      '"spec.size" is not a known field selector: only "metadata.name", "metadata.namespace"',
    );
  });
});

test('a virtual kind answers and stores nothing', async () => {
  const virtual = (object: KubeObject): Promise<KubeObject> => Promise.resolve({ ...object, status: { allowed: true } });
  const review = { ...widgets(), namespaced: false, virtual };
  await start([review]);
  const entry = await store.create('', widget('', { size: 1 }), context);
  expect(entry.object.status).toEqual({ allowed: true });
  expect((await failure(store.create('', widget('', { size: -1 }), context))).code).toBe(422);
  expect((await failure(store.get('', 'a'))).code).toBe(405);
  expect((await storage.range({ prefix: '/' })).items).toEqual([]);
});

test('the set of resources changes while it runs', async () => {
  let calls = 0;
  const listening = registry.onChange(() => void calls++);
  registry.serve({ ...widgets(), resource: 'gadgets' });
  expect(registry.all().map(({ definition }) => definition.resource)).toEqual(['widgets', 'gadgets']);
  expect(registry.withdraw('example.com', 'v1', 'gadgets')).toBe(true);
  expect(registry.lookup('example.com', 'v1', 'gadgets')).toBeUndefined();
  expect(registry.withdraw('example.com', 'v1', 'gadgets')).toBe(false);
  expect(calls).toBe(2);
  await listening.stop();
});

test('what Go always writes is there after a create, and a PUT without it changes nothing', async () => {
  await start([widgets({ schema: 'io.k8s.api.core.v1.Pod' })]);
  const made = await create(widget('a'));
  expect(made.object).toMatchObject({ spec: { containers: null } });
  const { entry } = await change('a', (object) => delete (object as unknown as { spec: { containers?: null } }).spec.containers);
  expect(entry.revision).toBe(made.revision);
});
