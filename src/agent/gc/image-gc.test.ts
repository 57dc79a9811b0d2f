import { expect, test } from '@jest/globals';
import { FakeClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { sizeText, startImageGc } from './image-gc.ts';
import type { PulledImage, PulledImages } from './pulled-images.ts';

const old = 10 * 60_000;

function setUp(available: number, pulledOnes: readonly PulledImage[], used: readonly string[] = [], ages = {}) {
  const clock = new FakeClock(old * 2);
  const images = new Map(pulledOnes.map((image) => [image.id, image]));
  const pulled: PulledImages = {
    add: () => undefined,
    use: (ids, now) => ids.forEach((id) => images.set(id, { ...(images.get(id) as PulledImage), usedAt: now })),
    forget: (id) => void images.delete(id),
    oldestFirst: () => [...images.values()].sort((a, b) => a.usedAt - b.usedAt || a.pulledAt - b.pulledAt),
    reclaim: async () => undefined,
  };
  const removed: string[] = [];
  const events: string[] = [];
  const gc = startImageGc({
    ...{ clock, logger: silentLogger, policy: { highPercent: 85, lowPercent: 80, ...ages }, pulled, used: () => used },
    disk: async () => ({ capacity: 1000, available }),
    images: async () => pulledOnes.map(({ id }) => ({ id, bytes: 30 })),
    remove: async (id) => (removed.push(id), true),
    removed: () => undefined,
    event: (reason, message) => events.push(`${reason}: ${message}`),
  });
  return { clock, gc, removed, events, images };
}
const image = (id: string, usedAt: number, pulledAt = 0): PulledImage => ({ id, usedAt, pulledAt });

test('below the upper threshold nothing goes', async () => {
  const { gc, removed } = setUp(160, [image('a', 1)]);
  await gc.collect();
  expect(removed).toEqual([]);
});

test('from there on those used longest ago, until the lower one is reached', async () => {
  const { gc, removed, events } = setUp(150, [image('b', 2), image('a', 1), image('c', 3)]);
  await gc.collect();
  // 50 are wanted, each is 30.
  expect(removed).toEqual(['a', 'b']);
  expect(events).toEqual([]);
});

test('not what is in use, nor what was pulled just now; when that is not enough, an event says so', async () => {
  const { gc, removed, events, images } = setUp(100, [image('used', 1), image('new', 0, old * 2 - 60_000), image('a', 3)], ['used']);
  await gc.collect();
  expect(removed).toEqual(['a']);
  expect(images.get('used')?.usedAt).toBe(old * 2);
  expect(events).toEqual([
    expect.stringMatching(
      /^FreeDiskSpaceFailed: Insufficient free disk space on the node's image filesystem \(90% of 1000 B used\)\. Failed to free sufficient space by deleting unused images \(freed 30 bytes\)/,
    ),
  ]);
});

test('images that nobody has used for too long go whatever is free', async () => {
  const now = old * 2;
  const images = [
    image('a', now - 1001, 1),
    image('b', now - 999, 1),
    image('never', 0, now - 2000),
    image('used', 1, 1),
    image('new', 0, now),
  ];
  const { gc, removed } = setUp(900, images, ['used'], { minimumAgeMs: 500, maximumAgeMs: 1000 });
  await gc.collect();
  expect(removed).toEqual(['never', 'a']);
});

test('every five minutes', async () => {
  const { clock, removed, gc } = setUp(150, [image('a', 1), image('b', 2)]);
  await clock.advance(5 * 60_000);
  expect(removed).toEqual(['a', 'b']);
  await gc.stop();
});

test.each([
  [512, '512 B'],
  [270_553_174_016, '252.0 GiB'],
])('%s is %s', (bytes, text) => expect(sizeText(bytes)).toBe(text));
