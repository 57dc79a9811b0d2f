import { expect, test } from '@jest/globals';
import { FakeClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { createLeftovers } from './leftovers.ts';

function setUp(quietMs = 1000) {
  const clock = new FakeClock();
  const done: string[] = [];
  const leftovers = createLeftovers({ clock, logger: silentLogger, quietMs });
  const add = (name: string): void =>
    leftovers.add(async () => {
      done.push(name);
    });
  return { clock, done, leftovers, add };
}

test('work begins when nothing was added for a while, in the order it came', async () => {
  const { clock, done, add } = setUp();
  add('a');
  await clock.advance(900);
  add('b');
  await clock.advance(900);
  expect(done).toEqual([]);
  await clock.advance(100);
  expect(done).toEqual(['a', 'b']);
  add('c');
  await clock.advance(1000);
  expect(done).toEqual(['a', 'b', 'c']);
});

test('it does not wait for ever for a quiet moment', async () => {
  const { clock, done, add } = setUp();
  for (let at = 0; at < 20; at += 1) {
    add(String(at));
    await clock.advance(600);
  }
  expect(done.length).toBeGreaterThan(10);
});

test('one thing at a time; what comes meanwhile is done too', async () => {
  const { clock, done, leftovers, add } = setUp(0);
  let finish = (): void => undefined;
  leftovers.add(() => new Promise((resolve) => (finish = resolve)));
  add('later');
  await clock.advance(0);
  expect(done).toEqual([]);
  finish();
  await clock.advance(0);
  expect(done).toEqual(['later']);
});

test('what fails is tried again, after the others', async () => {
  const { clock, done, leftovers, add } = setUp(0);
  let tries = 0;
  leftovers.add(async () => {
    tries += 1;
    if (tries < 3) throw new Error('the engine is away');
    done.push('stubborn');
  });
  add('easy');
  await clock.advance(0);
  expect(done).toEqual([]);
  await clock.advance(10_000);
  expect(done).toEqual(['easy']);
  await clock.advance(10_000);
  expect(done).toEqual(['easy', 'stubborn']);
});

test('stopping waits for what is being done and leaves the rest', async () => {
  const { clock, done, leftovers, add } = setUp(0);
  let finish = (): void => undefined;
  leftovers.add(async () => {
    await new Promise<void>((resolve) => (finish = resolve));
    done.push('first');
  });
  add('second');
  await clock.advance(0);
  const stopped = leftovers.stop();
  finish();
  await stopped;
  add('third');
  await clock.advance(60_000);
  expect(done).toEqual(['first']);
});
