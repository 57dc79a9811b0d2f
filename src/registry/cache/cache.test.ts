import { describe, expect, test } from '@jest/globals';
import type { ApiError } from '../../api/errors.ts';
import type { KubeObject } from '../../api/object.ts';
import { silentLogger } from '../../base/logger.ts';
import type { RangeOptions, RangeResult, Storage } from '../../storage/storage.ts';
import type { ListRequest } from '../store.ts';
import { bodyOf, names, nodes, onNode, pods, red, testCache } from '../testing/cache-harness.ts';
import { rememberObject, startWatchCache } from './cache.ts';
import { decodeContinue } from './continue-token.ts';

const at = testCache();
const { write, remove, list } = at;

describe('entries', () => {
  test('bytes and value carry the resource version, are made once and are frozen', async () => {
    const revision = await write('a', { labels: { color: 'red' } });
    const entry = at.pod.get('default', 'a');
    expect(entry?.json.toString()).toBe(
      `{"metadata":{"resourceVersion":"${revision}","name":"a","namespace":"default","labels":{"color":"red"}},"spec":{}}`,
    );
    expect(entry?.object).toEqual({
      metadata: { resourceVersion: String(revision), name: 'a', namespace: 'default', labels: { color: 'red' } },
      spec: {},
    });
    expect(entry?.object).toBe(entry?.object);
    expect(entry?.json).toBe(entry?.json);
    expect(Object.isFrozen(entry?.object.metadata.labels)).toBe(true);
  });

  test('the object that the writer serialised is taken over, without kind and apiVersion', async () => {
    const spec = { nodeName: 'n' };
    const object = { kind: 'Pod', apiVersion: 'v1', metadata: { name: 'a', namespace: 'default' }, spec } as unknown as KubeObject;
    const value = bodyOf('a', { nodeName: 'n' });
    rememberObject(value, object);
    await at.storage.put(at.pod.keyOf('default', 'a'), value, { expected: 0 });
    const entry = at.pod.get('default', 'a');
    expect(entry?.object['spec']).toBe(spec);
    expect(entry?.object).toEqual(JSON.parse(entry?.json.toString() ?? ''));
    expect(object.metadata).not.toHaveProperty('resourceVersion');
  });

  test.each(['{"metadata":{}}', '{"spec":{},"metadata":{"name":"x"}}', '{ "metadata": {"name":"x"} }'])(
    'a value that begins otherwise is served all the same: %s',
    async (text) => {
      await at.storage.put('/registry/pods/default/x', Buffer.from(text), { expected: 0 });
      const entry = at.pod.get('default', 'x');
      expect(entry?.json.toString().startsWith(`{"metadata":{"resourceVersion":"${entry?.revision}"`)).toBe(true);
      expect(JSON.parse(entry?.json.toString() ?? '')).toEqual(entry?.object);
    },
  );

  test('what was there before the cache, and before the resource was known, is found', async () => {
    await at.storage.put('/registry/minions/n1', Buffer.from('{"metadata":{"name":"n1"}}'), { expected: 0 });
    await at.storage.put('/registry/minions/n2', Buffer.from('{"metadata":{"name":"n2"}}'), { expected: 0 });
    await at.storage.delete('/registry/minions/n1', 2);
    await at.storage.put('/registry/example.com/minions/x/y', Buffer.from('{"metadata":{"name":"y"}}'), { expected: 0 });
    await using late = await startWatchCache({ storage: at.storage, clock: at.clock, logger: silentLogger });
    for (const each of [at.cache, late]) {
      expect(names(await each.resource(nodes).list({ namespace: '' }))).toEqual(['n2']);
      expect(names(await each.resource({ group: 'example.com', resource: 'minions' }).list({ namespace: 'x' }))).toEqual(['y']);
    }
  });
});

test('what a store tells ahead of its answer is there once, with the rest', async () => {
  for (const name of ['a', 'b', 'c']) await write(name, { labels: { color: 'red' } });
  await at.storage.put('/registry/example.com/things/x', Buffer.from('{"metadata":{"name":"x"}}'), { expected: 0 });
  const range = async (options: RangeOptions): Promise<RangeResult> => {
    const result = await at.storage.range(options);
    options.ahead?.(result.items.slice(0, 3));
    return result;
  };
  const inPieces: Storage = { ...at.storage, range, watch: (...watch) => at.storage.watch(...watch) };
  await using early = await startWatchCache({
    storage: inPieces,
    clock: at.clock,
    logger: silentLogger,
    resources: [pods, nodes],
    parsed: [pods],
  });
  const read = early.resource(pods);
  expect(read.entriesOf('').map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  expect(read.get('default', 'b')?.object.metadata.labels).toEqual({ color: 'red' });
  expect(early.resource({ group: 'example.com', resource: 'things' }).size).toBe(1);
  expect((await read.list({ namespace: '' })).revision).toBe(await at.storage.revision());
  await write('d');
  expect(read.size).toBe(4);
});

describe('list', () => {
  test('is in the order of keys, by namespace when asked', async () => {
    for (const [name, namespace] of [
      ['b', 'team'],
      ['a', 'team'],
      ['z', 'team-a'],
      ['c', 'default'],
    ] as const)
      await write(name, {}, namespace);
    // '-' comes before '/': upstream's order of keys too.
    expect((await list()).entries.map(({ namespace, name }) => `${namespace}/${name}`)).toEqual([
      'default/c',
      'team-a/z',
      'team/a',
      'team/b',
    ]);
    expect(names(await list({ namespace: 'team' }))).toEqual(['a', 'b']);
    expect(names(await list({ namespace: 'none' }))).toEqual([]);
    await remove('a', 'team');
    expect(names(await list({ namespace: 'team' }))).toEqual(['b']);
    expect((await list()).revision).toBe(await at.storage.revision());
  });

  test('what a selector chose is looked for again after a write', async () => {
    const reds = { namespace: 'default', labels: red, text: 'color=red' };
    const names = async (request: ListRequest): Promise<string[]> => (await at.pod.list(request)).entries.map(({ name }) => name);
    await write('a', { labels: { color: 'red' } });
    await write('b', { labels: { color: 'blue' } });
    const before = await at.pod.list(reds);
    expect((await at.pod.list(reds)).entries).toBe(before.entries);
    expect(await names({ ...reds, labels: (labels) => !red(labels), text: 'color!=red' })).toEqual(['b']);
    expect(await names({ ...reds, name: 'b' })).toEqual([]);
    await write('b', { labels: { color: 'red' } });
    expect(await names(reds)).toEqual(['a', 'b']);
  });

  test('selects by labels, fields and name', async () => {
    await write('a', { labels: { color: 'red' }, nodeName: 'n1' });
    await write('b', { labels: { color: 'red' }, nodeName: 'n2' });
    await write('a', { nodeName: 'n1' }, 'other');
    expect(names(await list({ labels: red }))).toEqual(['a', 'b']);
    expect(names(await list({ fields: onNode('n2') }))).toEqual(['b']);
    expect(names(await list({ name: 'a' }))).toEqual(['a', 'a']);
    expect(names(await list({ name: 'a', namespace: 'other' }))).toEqual(['a']);
    expect(names(await list({ name: 'x', namespace: 'other' }))).toEqual([]);
  });

  test('pages show one revision, whatever is written between', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await write(name);
    const first = await list({ limit: 2 });
    expect([names(first), first.remaining]).toEqual([['a', 'b'], 3]);
    expect(decodeContinue(first.continue ?? '')).toEqual({ revision: first.revision, start: 'default/b\u0000' });
    await remove('c');
    await write('bb');
    const second = await list({ limit: 2, continue: first.continue ?? '' });
    expect([names(second), second.remaining, second.revision]).toEqual([['c', 'd'], 1, first.revision]);
    const third = await list({ limit: 2, continue: second.continue ?? '' });
    expect([names(third), third.remaining, third.continue]).toEqual([['e'], undefined, undefined]);
  });

  test('pages of a namespace have tokens within it', async () => {
    for (const name of ['a', 'b', 'c']) await write(name, {}, 'team');
    await write('z', {}, 'other');
    const first = await list({ namespace: 'team', limit: 2 });
    expect([decodeContinue(first.continue ?? '').start, first.remaining]).toEqual(['b\u0000', 1]);
    const second = await list({ namespace: 'team', limit: 2, continue: first.continue ?? '' });
    expect([names(second), second.continue]).toEqual([['c'], undefined]);
  });

  test('pages go on from the log of the store when the cache has forgotten', async () => {
    for (const name of ['a', 'b', 'c']) await write(name);
    const first = await list({ limit: 1 });
    await remove('b');
    await at.clock.advance(2 * 60_000);
    const rest = await list({ continue: first.continue ?? '' });
    expect([names(rest), rest.revision]).toEqual([['b', 'c'], first.revision]);
  });

  test('a compacted page is 410 with a token that goes on at the newest state', async () => {
    for (const name of ['a', 'b', 'c']) await write(name);
    const first = await list({ limit: 1 });
    await remove('b');
    await at.clock.advance(2 * 60_000);
    await at.storage.compact(await at.storage.revision());
    const error = (await list({ continue: first.continue ?? '' }).catch((thrown: unknown) => thrown)) as ApiError;
    expect([error.code, error.reason, error.message.slice(0, 46)]).toEqual([
      410,
      'Expired',
      'The provided continue parameter is too old to ',
    ]);
    const rest = await list({ limit: 5, continue: error.continueToken ?? '' });
    expect([names(rest), rest.revision]).toEqual([['c'], await at.storage.revision()]);
  });

  test('a page that is read again and again expires all the same, changed or not', async () => {
    for (const name of ['a', 'b', 'c']) await write(name);
    const first = await list({ limit: 1 });
    const again = { limit: 1, continue: first.continue ?? '' };
    for (let minutes = 0; minutes < 6; minutes += 0.5) {
      expect(names(await list(again))).toEqual(['b']);
      await at.clock.advance(30_000);
    }
    await at.storage.put('/registry/other/x', Buffer.from('{}'), { expected: 0 });
    await at.storage.compact(await at.storage.revision());
    await expect(list(again)).rejects.toMatchObject({ code: 410, reason: 'Expired' });
  });

  test('pages with a selector do not tell what remains', async () => {
    for (const name of ['a', 'b', 'c']) await write(name, { labels: { color: name === 'b' ? 'blue' : 'red' } });
    const first = await list({ limit: 1, labels: red });
    expect([names(first), first.remaining]).toEqual([['a'], undefined]);
    const second = await list({ limit: 1, labels: red, continue: first.continue ?? '' });
    expect([names(second), second.continue]).toEqual([['c'], undefined]);
  });

  test('resourceVersion 0 ignores the limit; a number means not older; with Exact or a limit, exactly that', async () => {
    const one = await write('a');
    const two = await write('b');
    expect(names(await list({ resourceVersion: '0', limit: 1 }))).toEqual(['a', 'b']);
    expect(names(await list({ resourceVersion: String(one) }))).toEqual(['a', 'b']);
    expect(names(await list({ resourceVersion: String(one), resourceVersionMatch: 'NotOlderThan' }))).toEqual(['a', 'b']);
    const exact = await list({ resourceVersion: String(one), resourceVersionMatch: 'Exact' });
    expect([names(exact), exact.revision]).toEqual([['a'], one]);
    expect((await list({ resourceVersion: String(one), limit: 10 })).revision).toBe(one);
    expect(names(await list({ resourceVersion: String(two), limit: 10 }))).toEqual(['a', 'b']);
  });

  test('the future is waited for, 3 s long', async () => {
    const next = (await at.storage.revision()) + 1;
    const waiting = list({ resourceVersion: String(next) });
    await write('a');
    expect(names(await waiting)).toEqual(['a']);
    const late = list({ resourceVersion: String(next + 5) }).catch((error: unknown) => error);
    await at.clock.advance(3000);
    expect((await late) as ApiError).toMatchObject({
      code: 504,
      message: `Timeout: Too large resource version: ${next + 5}, current: ${next}`,
      details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }], retryAfterSeconds: 1 },
    });
    const exactly = { resourceVersion: String(next + 5), resourceVersionMatch: 'Exact' } as const;
    await expect(list(exactly)).rejects.toMatchObject({ code: 504, details: { retryAfterSeconds: 1 } });
    const single = await list({ ...exactly, name: 'a' }).catch((error: unknown) => error);
    expect((single as ApiError).details).not.toHaveProperty('retryAfterSeconds');
  });

  test.each([
    [
      'bad version',
      { resourceVersion: 'x' },
      'invalid resource version: resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax',
    ],
    [
      'bad token',
      { continue: 'e30' },
      'invalid continue token: continue key is not valid: server does not recognize this encoded version ',
    ],
    [
      'version beside a token',
      { continue: Buffer.from('{"v":"meta.k8s.io/v1","rv":5,"start":"a"}').toString('base64url'), resourceVersion: '5' },
      'specifying resource version is not allowed when using continue',
    ],
  ])('%s is 400', async (_, request, message) => {
    await expect(list(request)).rejects.toMatchObject({ code: 400, message });
  });
});
