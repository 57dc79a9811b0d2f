import { describe, expect, test } from '@jest/globals';
import { parseYaml, parseYamlLoosely } from './yaml.ts';

describe('a document that is JSON', () => {
  test.each([
    ['{"a":1,"b":[{"c":"x"}],"d":null}'],
    ['{"a":1e5,"b":-0.5,"c":true}'],
    ['{"text":"\\ud83d\\ude00\\/ and: more"}'],
    ['{"a": {"b": ["c", 1]}}\n'],
  ])('%s reads as YAML does', (text) => {
    expect(parseYamlLoosely(text)).toEqual({ value: parseYaml(text), repeated: [] });
  });

  test('keys that are there twice are told of', () => {
    expect(parseYamlLoosely('{"a":1,\n"a":2}')).toEqual({ value: { a: 2 }, repeated: ['line 2: key "a" already set in map'] });
  });

  test('what follows it is YAML all the same', () => {
    expect(parseYamlLoosely('{"a":1} # so')).toEqual({ value: { a: 1 }, repeated: [] });
  });

  test('a key called __proto__ is one', () => {
    expect(Object.hasOwn(parseYamlLoosely('{"__proto__":{"a":1}}').value as object, '__proto__')).toBe(true);
  });

  test('what is nested without end is refused', () => {
    expect(() => parseYamlLoosely('{"a":'.repeat(2000))).toThrow('exceeded max depth');
  });
});
