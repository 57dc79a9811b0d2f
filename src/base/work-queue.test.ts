import { describe, expect, test } from '@jest/globals';
import { FakeClock } from './clock.ts';
import { WorkQueue } from './work-queue.ts';

const setUp = () => {
  const clock = new FakeClock();
  return { clock, queue: new WorkQueue<string>(clock) };
};

describe('work queue', () => {
  test('a waiting key is not queued twice', async () => {
    const { queue } = setUp();
    queue.add('a');
    queue.add('b');
    queue.add('a');
    expect([await queue.next(), await queue.next(), queue.length]).toEqual(['a', 'b', 0]);
  });

  test('a key added while it is worked on comes once more, after done', async () => {
    const { queue } = setUp();
    queue.add('a');
    await queue.next();
    queue.add('a');
    queue.add('a');
    expect(queue.length).toBe(0);
    queue.done('a');
    expect(queue.length).toBe(1);
    expect(await queue.next()).toBe('a');
    queue.done('a');
    expect(queue.length).toBe(0);
  });

  test('a taker waits for a key', async () => {
    const { queue } = setUp();
    const next = queue.next();
    queue.add('a');
    expect(await next).toBe('a');
  });

  test('the earliest of several delays counts', async () => {
    const { queue, clock } = setUp();
    queue.addAfter('a', 100);
    queue.addAfter('a', 50);
    queue.addAfter('a', 200);
    await clock.advance(49);
    expect(queue.length).toBe(0);
    await clock.advance(1);
    expect(queue.length).toBe(1);
    await queue.next();
    queue.done('a');
    await clock.advance(500);
    expect(queue.length).toBe(0);
  });

  test('stop releases takers and forgets delays', async () => {
    const { queue, clock } = setUp();
    const next = queue.next();
    queue.addAfter('a', 10);
    queue.stop();
    await clock.advance(10);
    expect(await next).toBeUndefined();
    expect(await queue.next()).toBeUndefined();
  });

  test('order holds over many keys', async () => {
    const { queue } = setUp();
    const keys = Array.from({ length: 5000 }, (_, at) => String(at));
    for (const key of keys) queue.add(key);
    const out: (string | undefined)[] = [];
    for (const _ of keys) out.push(await queue.next());
    expect(out).toEqual(keys);
  });
});
