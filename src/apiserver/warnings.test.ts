import { expect, test } from '@jest/globals';
import { fittingWarnings } from './warnings.ts';

test('few warnings stay whole', () => {
  const texts = ['a'.repeat(4000), 'b'.repeat(96)];
  expect(fittingWarnings(texts)).toBe(texts);
});

test('many are cut short, and the last ones left out', () => {
  const texts = Array.from({ length: 100 }, (_, at) => `${String(at)} ${'é'.repeat(1000)}`);
  const fitting = fittingWarnings(texts);
  expect(fitting).toHaveLength(16);
  expect(fitting[15]).toBe(`15 ${'é'.repeat(253)}`);
});

test('characters count, not code units', () => {
  const texts = ['💥'.repeat(4096)];
  expect(fittingWarnings(texts)).toBe(texts);
});
