import { describe, expect, test } from '@jest/globals';
import { compareKeys, elementKey, goJson, pathText, readKey, valueKey } from './path-element.ts';

describe('keys of field sets', () => {
  test('elements are named by their keys, values by themselves, as Go writes JSON', () => {
    expect(
      elementKey([
        ['containerPort', 80],
        ['protocol', 'TCP'],
      ]),
    ).toBe('k:{"containerPort":80,"protocol":"TCP"}');
    expect(elementKey([['name', 'a"<b>']])).toBe('k:{"name":"a\\"\\u003cb\\u003e"}');
    expect([valueKey('a.b/c'), valueKey(1), valueKey(true)]).toEqual(['v:"a.b/c"', 'v:1', 'v:true']);
    expect(goJson({ a: '<&>' })).toBe('{"a":"\\u003c\\u0026\\u003e"}');
  });

  test('stand in upstream order: the mark, fields, keys, values, indexes; numbers before text', () => {
    const ordered = [
      '.',
      'f:A',
      'f:a',
      'f:b',
      'k:{"name":""}',
      'k:{"name":"a"}',
      'k:{"name":"a b"}',
      'k:{"name":"a!"}',
      'k:{"name":"ab"}',
      'k:{"name":"q\\"x"}',
      'k:{"port":8,"protocol":"TCP"}',
      'k:{"port":80}',
      'k:{"port":80,"protocol":"SCTP"}',
      'k:{"port":80,"protocol":"TCP"}',
      'k:{"port":443,"protocol":"TCP"}',
      'v:1',
      'v:10',
      'v:"a"',
      'v:"b"',
      'v:true',
      'i:0',
    ];
    for (const [at, a] of ordered.entries())
      for (const [other, b] of ordered.entries()) expect([a, b, Math.sign(compareKeys(a, b))]).toEqual([a, b, Math.sign(at - other)]);
  });

  test('are printed as conflicts show them', () => {
    expect(pathText(['f:spec', 'f:containers', 'k:{"name":"web"}', 'f:image'])).toBe('.spec.containers[name="web"].image');
    expect(pathText(['f:ports', 'k:{"port":80,"protocol":"TCP"}'])).toBe('.ports[port=80,protocol="TCP"]');
    expect(pathText(['f:finalizers', 'v:"a/b"'])).toBe('.finalizers[="a/b"]');
    expect(pathText(['f:a', 'i:3'])).toBe('.a[3]');
  });

  test('what clients write is brought into one form', () => {
    expect(readKey('k:{"b":1, "a":"x"}')).toBe('k:{"a":"x","b":1}');
    expect(readKey('v: "x"')).toBe('v:"x"');
    expect(readKey('x:future')).toBeUndefined();
    expect(readKey('i:007')).toBe('i:7');
  });

  test.each([
    ['f', 'key must be 2 characters long:'],
    ['name', 'missing colon: name'],
    ['i:x', 'strconv.Atoi: parsing "x": invalid syntax'],
    ['k:[]', 'no keys: k:[]'],
  ])('%j cannot be read', (text, error) => {
    expect(() => readKey(text)).toThrow(error);
  });
});
