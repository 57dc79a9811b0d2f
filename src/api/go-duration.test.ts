import { expect, test } from '@jest/globals';
import { parseGoDuration } from './go-duration.ts';

test.each([
  ['0', 0],
  ['5s', 5000],
  ['1h2m3.5s', 3_723_500],
  ['.5s', 500],
  ['1.ms', 1],
  ['-1s', -1000],
  ['+2us', 0.002],
])('%s is %d ms', (text, ms) => expect(parseGoDuration(text)).toBeCloseTo(ms));

test.each([
  ['', 'time: invalid duration ""'],
  ['abc', 'time: invalid duration "abc"'],
  ['5', 'time: missing unit in duration "5"'],
  ['5x', 'time: unknown unit "x" in duration "5x"'],
  ['1s2', 'time: missing unit in duration "1s2"'],
  ['-', 'time: invalid duration "-"'],
  ['9999999999h', 'time: invalid duration "9999999999h"'],
])('%s is none', (text, message) => expect(() => parseGoDuration(text)).toThrow(message));
