import { describe, expect, test } from '@jest/globals';
import { limitOf, type Observations, parseThresholds, Pressures, thresholdsMet, transitionMs } from './thresholds.ts';

describe('thresholds', () => {
  test('amounts and shares', () => {
    const [memory, disk] = parseThresholds('memory.available<100Mi, nodefs.available<5%');
    expect(memory).toMatchObject({ signal: 'memory.available', starved: 'memory', pressure: 'MemoryPressure' });
    expect(limitOf(memory as never, 0)).toBe(104_857_600);
    expect(limitOf(disk as never, 1000)).toBe(50);
    expect(parseThresholds('')).toEqual([]);
  });

  test.each([
    ['cpu.available<1', 'unknown eviction signal "cpu.available", known are memory.available, nodefs.available'],
    ['memory.available', 'is not of the form'],
    ['memory.available<many', 'is not of the form'],
    ['nodefs.available<101%', 'is not of the form'],
  ])('%s is refused', (text, message) => {
    expect(() => parseThresholds(text)).toThrow(message);
  });

  test('memory goes before disk; what nobody observed is not met', () => {
    const thresholds = parseThresholds('nodefs.available<5%,imagefs.available<5%,memory.available<100Mi');
    const observations: Observations = new Map([
      ['nodefs.available', { available: 1, capacity: 100 }],
      ['memory.available', { available: 1, capacity: 100 }],
    ]);
    expect(thresholdsMet(thresholds, observations).map(({ signal }) => signal)).toEqual(['memory.available', 'nodefs.available']);
    expect(thresholdsMet(thresholds, new Map([['nodefs.available', { available: 5, capacity: 100 }]]))).toEqual([]);
  });
});

test('a pressure stays for five minutes after it was last seen', () => {
  const met = parseThresholds('memory.available<100Mi');
  const pressures = new Pressures();
  expect(pressures.observe([], 0)).toBe(false);
  expect(pressures.observe(met, 1000)).toBe(true);
  expect(pressures.observe(met, 2000)).toBe(false);
  expect(pressures.current(2000)).toEqual(['MemoryPressure']);
  expect(pressures.observe([], 1000 + transitionMs)).toBe(false);
  expect(pressures.observe([], 2000 + transitionMs)).toBe(true);
  expect(pressures.current(2000 + transitionMs)).toEqual([]);
});
