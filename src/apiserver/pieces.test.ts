import { expect, test } from '@jest/globals';
import { Pieces } from './pieces.ts';

test('pieces of any size stay in order, and tiny ones are few', () => {
  const pieces = new Pieces();
  const sent: Buffer[] = [];
  for (let at = 0; at < 20_000; at++) {
    const piece = Buffer.alloc(at % 100 === 0 ? 300 : 1, at % 251);
    sent.push(piece);
    pieces.add(piece);
  }
  expect(pieces.count).toBeLessThan(700);
  expect(pieces.joined().equals(Buffer.concat(sent))).toBe(true);
  expect(Buffer.concat(pieces.take()).equals(Buffer.concat(sent))).toBe(true);
  expect(pieces.count).toBe(0);
});

test('one piece is not copied', () => {
  const pieces = new Pieces();
  const piece = Buffer.from('a');
  pieces.add(piece);
  expect(pieces.joined()).toBe(piece);
});
