import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Strategy } from './definition.ts';
import { selectionOf } from './selection.ts';
import type { ResourceEvent } from './store.ts';
import { widget, widgets, type Widget } from './testing/definitions.ts';
import { change, clock, context, create, failure, start, storage, store } from './testing/harness.ts';

describe('delete', () => {
  test('removes at once without grace and finalizers', async () => {
    const before = await create(widget('a'));
    const { entry, gone } = await store.delete('default', 'a', {}, context);
    expect(gone).toBe(true);
    expect(entry.revision).toBeGreaterThan(before.revision);
    expect((await failure(store.get('default', 'a'))).message).toBe('widgets.example.com "a" not found');
    expect((await failure(store.delete('default', 'a', {}, context))).code).toBe(404);
  });

  test('waits for finalizers; the update that takes the last one ends it', async () => {
    const object = widget('a');
    object.metadata.finalizers = ['example.com/hold'];
    await create(object);
    const { entry, gone } = await store.delete('default', 'a', {}, context);
    expect(gone).toBe(false);
    expect(entry.object.metadata).toMatchObject({ deletionTimestamp: expect.any(String), deletionGracePeriodSeconds: 0, generation: 2 });
    const again = await store.delete('default', 'a', {}, context);
    expect([again.gone, again.entry.revision]).toEqual([false, entry.revision]);
    const added = await failure(change('a', (current) => current.metadata.finalizers?.push('example.com/more')));
    expect(added.message).toContain(
      'no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.com/more"}',
    );
    const last = await change('a', (current) => delete current.metadata.finalizers);
    expect(last.entry.object.metadata.finalizers).toBeUndefined();
    expect((await failure(store.get('default', 'a'))).code).toBe(404);
  });

  test.each([
    ['Foreground', 'foregroundDeletion'],
    ['Orphan', 'orphan'],
  ] as const)('%s leaves it to the garbage collector', async (propagationPolicy, finalizer) => {
    await create(widget('a'));
    const { entry, gone } = await store.delete('default', 'a', { propagationPolicy }, context);
    expect(gone).toBe(false);
    expect(entry.object.metadata.finalizers).toEqual([finalizer]);
  });

  test('preconditions', async () => {
    const { object } = await create(widget('a'));
    const uid = await failure(store.delete('default', 'a', { preconditions: { uid: 'x' } }, context));
    expect(uid.message).toBe(
      `Operation cannot be fulfilled on Widget.example.com "a": the UID in the precondition (x) does not match the UID in record (${object.metadata.uid}). The object might have been deleted and then recreated`,
    );
    const version = await failure(store.delete('default', 'a', { preconditions: { resourceVersion: '1000' } }, context));
    expect(version.message).toContain('the ResourceVersion in the precondition (1000) does not match the ResourceVersion in record');
    expect((await store.delete('default', 'a', { preconditions: { uid: object.metadata.uid } }, context)).gone).toBe(true);
  });

  test('contradicting options', async () => {
    await create(widget('a'));
    const error = await failure(store.delete('default', 'a', { propagationPolicy: 'Orphan', orphanDependents: true }, context));
    expect(error.message).toBe(
      'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
    );
  });

  test('a dry run deletes nothing', async () => {
    await create(widget('a'));
    expect((await store.delete('default', 'a', { dryRun: true }, context)).gone).toBe(true);
    expect((await store.get('default', 'a')).name).toBe('a');
  });

  test('a collection, by labels', async () => {
    for (const name of ['a', 'b', 'c']) {
      const object = widget(name);
      object.metadata.labels = { keep: String(name === 'c') };
      await create(object);
    }
    const { entries } = await store.deleteCollection(
      selectionOf(store.definition, { namespace: 'default', labelSelector: 'keep=false' }),
      {},
      context,
    );
    expect(entries.map(({ name }) => name)).toEqual(['a', 'b']);
    expect((await store.list({ namespace: 'default' })).entries.map(({ name }) => name)).toEqual(['c']);
  });
});

describe('graceful delete', () => {
  const graceful: Strategy<Widget> = { gracePeriod: (object, asked) => asked ?? object.spec.graceSeconds ?? 30 };
  beforeEach(async () => {
    await start([widgets({ strategy: graceful })]);
  });

  test('sets the time; a second delete may only shorten it; zero ends it', async () => {
    const now = clock.now();
    await create(widget('a'));
    const first = await store.delete('default', 'a', {}, context);
    expect(first.gone).toBe(false);
    expect(first.entry.object.metadata).toMatchObject({
      deletionTimestamp: `${new Date(now + 30_000).toISOString().slice(0, 19)}Z`,
      deletionGracePeriodSeconds: 30,
      generation: 2,
    });
    const longer = await store.delete('default', 'a', { gracePeriodSeconds: 60 }, context);
    expect(longer.entry.revision).toBe(first.entry.revision);
    const shorter = await store.delete('default', 'a', { gracePeriodSeconds: 10 }, context);
    expect(shorter.entry.object.metadata).toMatchObject({
      deletionTimestamp: `${new Date(now + 10_000).toISOString().slice(0, 19)}Z`,
      deletionGracePeriodSeconds: 10,
      generation: 2,
    });
    expect((await store.delete('default', 'a', { gracePeriodSeconds: 0 }, context)).gone).toBe(true);
  });

  test('with zero grace from the start it is marked and goes', async () => {
    await create(widget('a', { graceSeconds: 0 }));
    const seen: ResourceEvent[] = [];
    const watch = await store.watch(
      { namespace: 'default', resourceVersion: String(await storage.revision()), allowBookmarks: false },
      { events: (events) => void seen.push(...events), end: () => undefined },
    );
    expect((await store.delete('default', 'a', {}, context)).gone).toBe(true);
    expect(seen.map(({ type }) => type)).toEqual(['MODIFIED', 'DELETED']);
    await watch.stop();
  });

  test('who is faster to remove what was marked does no harm', async () => {
    const { revision } = await create(widget('a', { graceSeconds: 0 }));
    const collector = storage.watch(
      { prefix: '/', after: revision },
      {
        events: (events) => {
          for (const { type, key, modRevision } of events) if (type === 'put') void storage.delete(key, modRevision);
        },
        end: () => undefined,
      },
    );
    const { entry, gone } = await store.delete('default', 'a', {}, context);
    await collector.stop();
    expect([gone, entry.object.metadata.deletionGracePeriodSeconds]).toEqual([true, 0]);
  });

  test('finalizers outlast the grace', async () => {
    const object = widget('a');
    object.metadata.finalizers = ['example.com/hold'];
    await create(object);
    expect((await store.delete('default', 'a', { gracePeriodSeconds: 0 }, context)).gone).toBe(false);
    await change('a', (current) => delete current.metadata.finalizers);
    expect((await failure(store.get('default', 'a'))).code).toBe(404);
  });
});

describe('deletion in two steps', () => {
  test('marks first, waits for what is pending, then goes', async () => {
    const termination = {
      mark: (object: Widget): void => void (object.status = { phase: 'Terminating' }),
      pending: (object: Widget): boolean => (object.spec.finalizers ?? []).length > 0,
    };
    const finalize = { name: 'finalize', prepareForUpdate: (): void => undefined };
    await start([widgets({ strategy: { termination }, subresources: [finalize] })]);
    await create(widget('a', { finalizers: ['kubernetes'] }));
    const refused = await failure(store.delete('default', 'a', { preconditions: { uid: 'another' } }, context));
    expect(refused.message).toMatch(/^Operation cannot be fulfilled on widgets.* "a": Precondition failed: UID in precondition: another, /);
    const stale = await failure(store.delete('default', 'a', { preconditions: { resourceVersion: '1' } }, context));
    expect(stale.message).toMatch(/: Precondition failed: ResourceVersion in precondition: 1, ResourceVersion in object meta: /);
    const dry = await store.delete('default', 'a', { orphanDependents: false, dryRun: true }, context);
    expect(dry.entry.object.metadata.finalizers).toEqual(['foregroundDeletion']);
    const marked = await store.delete('default', 'a', {}, context);
    expect(marked.gone).toBe(false);
    expect(marked.entry.object).toMatchObject({ metadata: { deletionTimestamp: expect.any(String) }, status: { phase: 'Terminating' } });
    expect((await store.delete('default', 'a', {}, context)).gone).toBe(false);
    const released = await change('a', (object) => delete (object as unknown as Widget).spec.finalizers, { subresource: 'finalize' });
    expect(released.entry.object.spec).not.toHaveProperty('finalizers');
    expect((await failure(store.get('default', 'a'))).code).toBe(404);
  });
});
