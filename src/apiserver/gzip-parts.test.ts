import { crc32, gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { crcShift, crcThen } from './crc-combine.ts';
import { deflateParts, gzipAround, gzipParts } from './gzip-parts.ts';

const object = (n: number, more = ''): Buffer =>
  Buffer.from(
    JSON.stringify({ metadata: { resourceVersion: String(1000 + n), name: `pod-${String(n)}`, more, spec: 'x'.repeat(n % 700) } }),
  );

/** As a list is sent: a new head, shared objects and shared commas. */
const comma = Buffer.from(',');
const end = Buffer.from(']}');
const listOf = (objects: readonly Buffer[], revision: number): Buffer[] => [
  Buffer.from(`{"metadata":{"resourceVersion":"${String(revision)}"},"items":[`),
  ...objects.flatMap((each, at) => (at === 0 ? [each] : [comma, each])),
  end,
];

describe('gzip of shared parts', () => {
  const objects = Array.from({ length: 700 }, (_, n) => object(n));
  const others = objects.filter((_, n) => n % 90 !== 7);
  const changed = objects.map((each, n) => (n % 100 === 3 ? object(n, 'changed') : each));

  test.each([
    ['at first', objects],
    ['again', objects],
    ['with objects gone', others],
    ['with objects changed', changed],
    ['with one at the front', [object(5000), ...objects]],
    ['in another order', objects.toReversed()],
    ['one', objects.slice(600, 601)],
    ['none', []],
  ])('a list %s is what it was', async (_, list) => {
    const parts = listOf(list, Math.random());
    const zipped = Buffer.concat(await gzipParts(parts));
    expect(gunzipSync(zipped).equals(Buffer.concat(parts))).toBe(true);
  });

  test('lists at the same time', async () => {
    const fresh = Array.from({ length: 300 }, (_, n) => object(n, 'fresh'));
    const lists = [listOf(fresh, 1), listOf(fresh, 2), listOf(fresh.slice(1), 3)];
    const zipped = await Promise.all(lists.map(async (list) => Buffer.concat(await gzipParts(list))));
    for (const [at, list] of lists.entries()) expect(gunzipSync(zipped[at] ?? end).equals(Buffer.concat(list))).toBe(true);
  });

  test('objects deflated once between heads of their own', async () => {
    const middle = deflateParts(listOf(objects, 1).slice(1, -1));
    for (const head of ['{"items":[', '{"metadata":{"resourceVersion":"7"},"items":[']) {
      const zipped = Buffer.concat(await gzipAround(Buffer.from(head), middle, end));
      expect(gunzipSync(zipped).toString()).toBe(`${head}${objects.join(',')}]}`);
    }
  });

  test('objects much like each other take little, where one piece follows another too', async () => {
    const pods = Array.from({ length: 600 }, (_, n) => Buffer.from(`{"name":"${String(n)}","fields":"${[...Array(500).keys()].join()}"}`));
    const parts = listOf(pods, 1);
    const zipped = Buffer.concat(await gzipParts(parts));
    expect(gunzipSync(zipped).equals(Buffer.concat(parts))).toBe(true);
    expect(zipped.length).toBeLessThan(600 * 25);
  });

  test('parts larger than a piece, and no parts', async () => {
    const large = [object(1), Buffer.alloc(3_000_000, 'abc'), object(2)];
    expect(gunzipSync(Buffer.concat(await gzipParts(large))).equals(Buffer.concat(large))).toBe(true);
    expect(gunzipSync(Buffer.concat(await gzipParts([])))).toHaveLength(0);
  });
});

test.each([
  ['', 'b'],
  ['a', ''],
  ['hello ', 'world'],
  ['x'.repeat(70_000), 'y'.repeat(100_001)],
])('checksums of joined bytes', (a, b) => {
  expect(crcThen(crc32(a), { crc: crc32(b), shift: crcShift(b.length) })).toBe(crc32(a + b));
});
