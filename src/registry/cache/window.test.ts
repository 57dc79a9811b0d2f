import { expect, test } from '@jest/globals';
import { FakeClock } from '../../base/clock.ts';
import { Change } from './change.ts';
import { CachedEntry } from './entry.ts';
import { StoredConversions } from './stored-form.ts';
import { Window, type WindowBounds } from './window.ts';

const bounds: WindowBounds = { leastChanges: 3, mostChanges: 6, mostBytes: 1000, freshMs: 10 };

function fill(window: Window, revisions: readonly number[], bytes = 10): void {
  for (const revision of revisions) {
    window.add(
      new Change(
        revision,
        new CachedEntry('/k', { namespace: '', name: 'k' }, { value: Buffer.alloc(bytes), revision, conversions: new StoredConversions() }),
        undefined,
      ),
    );
  }
}

const revisionsOf = (window: Window, after: number): number[] => window.after(after).map(({ revision }) => revision);

test('a new window knows everything since it was made', () => {
  const window = new Window(7, new FakeClock(), bounds);
  expect([window.start, revisionsOf(window, 7)]).toEqual([7, []]);
  fill(window, [9, 12]);
  expect([window.start, revisionsOf(window, 7), revisionsOf(window, 9), revisionsOf(window, 11), revisionsOf(window, 12)]).toEqual([
    7,
    [9, 12],
    [12],
    [12],
    [],
  ]);
});

test('old changes go, but some are kept whatever their age', async () => {
  const clock = new FakeClock();
  const window = new Window(1, clock, bounds);
  fill(window, [2, 3, 4, 5]);
  await clock.advance(20);
  fill(window, [6]);
  expect([window.start, revisionsOf(window, 3)]).toEqual([3, [4, 5, 6]]);
});

test('young changes go when there are too many, or too many bytes', () => {
  const window = new Window(1, new FakeClock(), bounds);
  fill(window, [2, 3, 4, 5, 6, 7, 8, 9]);
  expect([window.start, window.length]).toEqual([3, 6]);
  fill(window, [10, 11], 450);
  expect([window.start, revisionsOf(window, window.start)]).toEqual([3 + 2, [6, 7, 8, 9, 10, 11]]);
  fill(window, [12], 450);
  expect([window.start, revisionsOf(window, window.start)]).toEqual([10, [11, 12]]);
});

test('stays right over many thousands of changes', () => {
  const window = new Window(1, new FakeClock(), bounds);
  fill(
    window,
    Array.from({ length: 5000 }, (_, n) => n + 2),
  );
  expect([window.start, window.length, revisionsOf(window, 4999)]).toEqual([4995, 6, [5000, 5001]]);
});
