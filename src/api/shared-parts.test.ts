import { expect, test } from '@jest/globals';
import { deepFreeze } from './object.ts';
import { freezeLike } from './shared-parts.ts';

const isFrozenThroughout = (value: unknown): boolean =>
  typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(isFrozenThroughout));

const pod = (
  name: string,
): { metadata: { name: string }; spec: { containers: { image: string; args: string[] }[]; nodeName?: string } } => ({
  metadata: { name },
  spec: { containers: [{ image: 'registry.example.com/web:1', args: ['--listen', ':80'] }] },
});

test('what is the same is shared, what differs is not, all is frozen', () => {
  const first = deepFreeze(pod('a'));
  const second = freezeLike(pod('b'), first);
  expect(second).toEqual(pod('b'));
  expect(second.spec).toBe(first.spec);
  expect(second.metadata).not.toBe(first.metadata);
  expect(isFrozenThroughout(second)).toBe(true);
});

test('below a part that differs the rest is shared', () => {
  const first = deepFreeze(pod('a'));
  const other = pod('a');
  other.spec.nodeName = 'n1';
  other.spec.containers[0]?.args.push('--debug');
  const second = freezeLike(structuredClone(other), first);
  expect(second).toEqual(other);
  expect(second.metadata).toBe(first.metadata);
  expect(second.spec.containers[0]).not.toBe(first.spec.containers[0]);
  expect(isFrozenThroughout(second)).toBe(true);
  expect(freezeLike(pod('a'), first)).toBe(first);
});

test.each([
  ['keys in another order', { a: 1, b: {} }, { b: {}, a: 1 }],
  ['a key less', { a: 1 }, { a: 1, b: 2 }],
  ['a key more', { a: 1, b: 2 }, { a: 1 }],
  ['a shorter list', { a: [1] }, { a: [1, 2] }],
  ['a longer list', { a: [1, 2] }, { a: [1] }],
  ['a list for a map', { a: [] }, { a: {} }],
  ['a map for a list', { a: {} }, { a: [] }],
  ['null for a map', { a: null }, { a: {} }],
  ['a map for null', { a: {} }, { a: null }],
  ['a number for a text', { a: 1 }, { a: '1' }],
  ['minus nought', { a: 0 }, { a: 1 }],
])('%s is not the same', (_, value, like) => {
  const text = JSON.stringify(value);
  const made = freezeLike(structuredClone(value), deepFreeze(like));
  expect(made).not.toBe(like);
  expect(JSON.stringify(made)).toBe(text);
  expect(isFrozenThroughout(made)).toBe(true);
});

test('nothing to be like, and what is frozen already', () => {
  expect(isFrozenThroughout(freezeLike(pod('a'), undefined))).toBe(true);
  const frozen = deepFreeze(pod('a'));
  expect(freezeLike(frozen, deepFreeze(pod('a')))).toBe(frozen);
});
