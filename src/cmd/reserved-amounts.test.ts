import { expect, test } from '@jest/globals';
import { reservedAmounts } from './reserved-amounts.ts';

test('amounts by name', () => {
  expect(reservedAmounts('cpu=100m, memory=256Mi')).toEqual({ cpu: '100m', memory: '256Mi' });
  expect(reservedAmounts('')).toEqual({});
});

test.each(['cpu', 'cpu=x', 'gpu=1', 'cpu=-1', 'cpu=1=2'])('%s is refused', (text) => {
  expect(() => reservedAmounts(text)).toThrow('must be NAME=AMOUNT');
});
