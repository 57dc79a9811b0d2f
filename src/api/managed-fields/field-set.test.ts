import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  difference,
  eachPath,
  type FieldSet,
  has,
  includes,
  intersection,
  type MaybeSet,
  readFieldSet,
  recursiveDifference,
  setOfPaths,
  union,
} from './field-set.ts';
import { compareKeys } from './path-element.ts';

const paths = (set: MaybeSet): string[] => {
  const found: string[] = [];
  eachPath(set, (path) => found.push(path.join(' ')));
  return found.sort();
};
const of = (...texts: string[]): MaybeSet => setOfPaths(texts.map((text) => text.split(' ')));

const somePath = fc.array(fc.constantFrom('f:a', 'f:b', 'k:{"n":"x"}', 'k:{"n":"y"}', 'v:1'), { minLength: 1, maxLength: 4 });
const somePaths = fc.array(somePath, { maxLength: 12 });
const texts = (list: readonly (readonly string[])[]): string[] => [...new Set(list.map((path) => path.join(' ')))].sort();

function isOrdered(set: FieldSet): boolean {
  const keys = Object.keys(set);
  return keys.every((key, at) => at === 0 || compareKeys(keys[at - 1] ?? '', key) < 0) && Object.values(set).every(isOrdered);
}

describe('field sets', () => {
  test('are the JSON that the API shows', () => {
    expect(JSON.stringify(of('f:spec f:b', 'f:spec', 'f:spec f:a f:c', 'f:meta'))).toBe(
      '{"f:meta":{},"f:spec":{".":{},"f:a":{"f:c":{}},"f:b":{}}}',
    );
  });

  test('operations do with paths what they do with sets, and keep the order', () => {
    fc.assert(
      fc.property(somePaths, somePaths, (left, right) => {
        const [a, b] = [setOfPaths(left), setOfPaths(right)];
        const [x, y] = [texts(left), texts(right)];
        expect(paths(a)).toEqual(x);
        expect(paths(union(a, b))).toEqual(texts([...left, ...right]));
        expect(paths(intersection(a, b))).toEqual(x.filter((path) => y.includes(path)));
        expect(paths(difference(a, b))).toEqual(x.filter((path) => !y.includes(path)));
        expect(includes(a, b)).toBe(y.every((path) => x.includes(path)));
        expect(includes(union(a, b), b)).toBe(true);
        const covered = (path: string): boolean => y.some((other) => path === other || path.startsWith(`${other} `));
        expect(paths(recursiveDifference(a, b))).toEqual(x.filter((path) => !covered(path)));
        for (const path of left) expect(has(a, path)).toBe(true);
        for (const set of [union(a, b), difference(a, b), intersection(a, b), recursiveDifference(a, b)])
          expect(set === undefined || isOrdered(set)).toBe(true);
      }),
    );
  });

  test('operations change nothing and share what stays', () => {
    const a = of('f:a f:b', 'f:c') as FieldSet;
    const before = JSON.stringify(a);
    expect(union(a, of('f:c'))).toBe(a);
    expect(difference(a, of('f:x'))).toBe(a);
    expect(union(a, of('f:d'))?.['f:a']).toBe(a['f:a']);
    expect(JSON.stringify(a)).toBe(before);
  });

  test('a parent takes away nothing of its children, a recursive one all', () => {
    expect(paths(difference(of('f:a', 'f:a f:b'), of('f:a')))).toEqual(['f:a f:b']);
    expect(recursiveDifference(of('f:a', 'f:a f:b'), of('f:a'))).toBeUndefined();
  });

  test('what clients send is sorted, and what nobody knows is left out', () => {
    const sent = { 'f:b': {}, 'f:a': { 'k:{"y":1,"x":2}': {}, '.': {} }, 'z:future': {}, 'f:c': null };
    expect(JSON.stringify(readFieldSet(sent))).toBe('{"f:a":{".":{},"k:{\\"x\\":2,\\"y\\":1}":{}},"f:b":{},"f:c":{}}');
    expect(readFieldSet({})).toBeUndefined();
    expect(() => readFieldSet({ 'f:a': 5 })).toThrow('expect { or n');
    expect(() => readFieldSet({ x: {} })).toThrow('key must be 2 characters long');
  });
});
