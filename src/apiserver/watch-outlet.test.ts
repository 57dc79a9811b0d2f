import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Writable } from 'node:stream';
import { createFlushers } from './watch-outlet.ts';

class Sink extends Writable {
  readonly batches: string[] = [];

  override _writev(chunks: { chunk: Buffer }[], callback: () => void): void {
    this.batches.push(chunks.map(({ chunk }) => chunk.toString()).join(''));
    callback();
  }
}

beforeEach(() => void jest.useFakeTimers({ doNotFake: ['nextTick'] }).advanceTimersByTime(10));
afterEach(() => void jest.useRealTimers());

test('the first events go at once, those that follow within a few milliseconds together', () => {
  const { http2 } = createFlushers();
  const sinks = [new Sink(), new Sink()];
  const write = (text: string): void => {
    for (const sink of sinks) {
      http2.hold(sink);
      sink.write(text);
    }
  };
  write('a');
  expect(sinks.map(({ batches }) => batches)).toEqual([[], []]);
  jest.advanceTimersByTime(0);
  expect(sinks.map(({ batches }) => batches)).toEqual([['a'], ['a']]);
  write('b');
  jest.advanceTimersByTime(1);
  write('c');
  expect(sinks.map(({ batches }) => batches)).toEqual([['a'], ['a']]);
  jest.advanceTimersByTime(1);
  expect(sinks.map(({ batches }) => batches)).toEqual([
    ['a', 'bc'],
    ['a', 'bc'],
  ]);
});
