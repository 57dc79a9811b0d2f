import { expect, test } from '@jest/globals';
import { humanDuration } from './duration.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

test.each([
  [-5 * second, '<invalid>'],
  [-1500, '0s'],
  [0, '0s'],
  [119 * second, '119s'],
  [2 * minute, '2m'],
  [3 * minute + 20 * second, '3m20s'],
  [10 * minute + 30 * second, '10m'],
  [179 * minute, '179m'],
  [3 * hour, '3h'],
  [7 * hour + 5 * minute, '7h5m'],
  [8 * hour + 5 * minute, '8h'],
  [47 * hour, '47h'],
  [2 * day, '2d'],
  [2 * day + 4 * hour, '2d4h'],
  [8 * day + 4 * hour, '8d'],
  [729 * day, '729d'],
  [730 * day + hour, '2y'],
  [735 * day, '2y5d'],
  [8 * 365 * day + 30 * day, '8y'],
])('%i ms reads %s', (ms, text) => {
  expect(humanDuration(ms)).toBe(text);
});
