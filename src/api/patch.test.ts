import { describe, expect, test } from '@jest/globals';
import { ApiError } from './errors.ts';
import { applyPatch, jsonPatchType, mergePatchType, strategicMergePatchType } from './patch.ts';
import { schemaOfKind } from './schema/facts.ts';

const schema = schemaOfKind('', 'v1', 'Pod');

function outcome(type: string, document: object, body: unknown): unknown {
  try {
    return applyPatch(document, { type, body }, schema);
  } catch (error) {
    expect(error).toBeInstanceOf(ApiError);
    const { code, message } = error as ApiError;
    return `${code} ${message}`;
  }
}

const rejected = '422 the server rejected our request due to an error in our request';

describe('JSON patch', () => {
  const document = { a: { b: [1, 2, 3], 'x/y': 'slash', none: null } };
  test.each<[string, unknown[], unknown]>([
    ['adds', [{ op: 'add', path: '/a/c', value: 1 }], { a: { ...document.a, c: 1 } }],
    ['inserts', [{ op: 'add', path: '/a/b/1', value: 9 }], { a: { ...document.a, b: [1, 9, 2, 3] } }],
    ['appends', [{ op: 'add', path: '/a/b/-', value: 9 }], { a: { ...document.a, b: [1, 2, 3, 9] } }],
    ['counts from the end', [{ op: 'remove', path: '/a/b/-1' }], { a: { ...document.a, b: [1, 2] } }],
    ['does not insert beyond', [{ op: 'add', path: '/a/b/4', value: 9 }], rejected],
    ['removes', [{ op: 'remove', path: '/a/x~1y' }], { a: { b: [1, 2, 3], none: null } }],
    ['does not remove what is not there', [{ op: 'remove', path: '/a/z' }], rejected],
    ['replaces, and adds in doing so', [{ op: 'replace', path: '/a/z', value: 1 }], { a: { ...document.a, z: 1 } }],
    ['does not replace beyond a list', [{ op: 'replace', path: '/a/b/3', value: 1 }], rejected],
    ['replaces all', [{ op: 'replace', path: '', value: { z: 1 } }], { z: 1 }],
    ['moves', [{ op: 'move', from: '/a/b/0', path: '/first' }], { a: { ...document.a, b: [2, 3] }, first: 1 }],
    ['copies', [{ op: 'copy', from: '/a/b', path: '/c' }], { ...document, c: [1, 2, 3] }],
    ['tests', [{ op: 'test', path: '/a/b', value: [1, 2, 3] }], document],
    ['tests for absence with null', [{ op: 'test', path: '/a/z', value: null }], document],
    ['fails a test', [{ op: 'test', path: '/a/b/0', value: 2 }], rejected],
    ['needs the way to be there', [{ op: 'add', path: '/q/r/s', value: 1 }], rejected],
    ['knows its operations', [{ op: 'merge', path: '/a', value: 1 }], rejected],
    ['needs a path', [{ op: 'add', value: 1 }], rejected],
    [
      'keeps __proto__ a member',
      [{ op: 'add', path: '/__proto__', value: 1 }],
      JSON.parse('{"a":{"b":[1,2,3],"x/y":"slash","none":null},"__proto__":1}'),
    ],
  ])('%s', (_, body, expected) => {
    const before = JSON.stringify(document);
    expect(outcome(jsonPatchType, document, body)).toEqual(expected);
    expect(JSON.stringify(document)).toBe(before);
  });

  test('that is none', () => {
    expect(outcome(jsonPatchType, {}, {})).toBe(
      '400 error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
    );
    expect(outcome(jsonPatchType, {}, ['x'])).toBe(
      '400 error decoding patch: json: cannot unmarshal string into Go value of type handlers.jsonPatchOp',
    );
  });

  test('that is too long', () => {
    const body = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/a', value: null }));
    expect(outcome(jsonPatchType, {}, body)).toBe(
      '413 Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
    );
  });
});

describe('merge patch', () => {
  test.each<[object, unknown, unknown]>([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
    [{}, { a: [{ b: null, c: 1 }, null] }, { a: [{ c: 1 }, null] }],
    [{}, [], '400 error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}'],
  ])('%j with %j', (document, body, expected) => {
    expect(outcome(mergePatchType, document, body)).toEqual(expected);
  });

  test('a member called __proto__ is one', () => {
    const patched = outcome(mergePatchType, {}, JSON.parse('{"__proto__":{"polluted":true}}')) as Record<string, unknown>;
    expect(Object.hasOwn(patched, '__proto__')).toBe(true);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe('strategic merge patch', () => {
  const spec = (...containers: object[]): object => ({ spec: { containers } });
  const named = (...names: string[]): object[] => names.map((name) => ({ name }));

  test.each<[string, object, unknown, unknown]>([
    [
      'merges lists by their key',
      spec({ name: 'a', image: '1' }, { name: 'b' }),
      spec({ name: 'a', args: ['x'] }),
      spec({ name: 'a', image: '1', args: ['x'] }, { name: 'b' }),
    ],
    ['puts new elements first', spec({ name: 'a' }), spec({ name: 'b' }), spec({ name: 'b' }, { name: 'a' })],
    ['deletes elements', spec({ name: 'a' }, { name: 'b' }), spec({ name: 'a', $patch: 'delete' }), spec({ name: 'b' })],
    ['replaces a list', spec({ name: 'a' }), spec({ $patch: 'replace' }, { name: 'b' }), spec({ name: 'b' })],
    [
      'replaces lists without a key',
      spec({ name: 'a', args: ['x', 'y'] }),
      spec({ name: 'a', args: ['z'] }),
      spec({ name: 'a', args: ['z'] }),
    ],
    [
      'replaces a map',
      { metadata: { labels: { a: '1' } } },
      { metadata: { labels: { $patch: 'replace', b: '2' } } },
      { metadata: { labels: { b: '2' } } },
    ],
    ['empties a map', { metadata: { labels: { a: '1' } } }, { metadata: { labels: { $patch: 'delete' } } }, { metadata: { labels: {} } }],
    [
      'removes with null',
      { metadata: { labels: { a: '1', b: '2' } } },
      { metadata: { labels: { a: null } } },
      { metadata: { labels: { b: '2' } } },
    ],
    ['ignores null for what is not there', {}, { metadata: { labels: { a: null, b: '1' } } }, { metadata: { labels: { b: '1' } } }],
    [
      'merges lists of texts',
      { metadata: { finalizers: ['a', 'b'] } },
      { metadata: { finalizers: ['c', 'a'] } },
      { metadata: { finalizers: ['c', 'a', 'b'] } },
    ],
    [
      'takes from lists of texts',
      { metadata: { finalizers: ['a', 'b'] } },
      { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } },
      { metadata: { finalizers: ['b'] } },
    ],
    [
      'retains keys',
      { spec: { volumes: [{ name: 'v', emptyDir: {} }] } },
      { spec: { volumes: [{ name: 'v', configMap: { name: 'c' }, $retainKeys: ['name', 'configMap'] }] } },
      { spec: { volumes: [{ name: 'v', configMap: { name: 'c' } }] } },
    ],
    [
      'orders elements, leaving others where they were',
      spec(...named('a', 'b', 'c', 'd')),
      { spec: { containers: named('d', 'b'), '$setElementOrder/containers': named('d', 'b') } },
      spec(...named('a', 'c', 'd', 'b')),
    ],
    [
      'orders without a change',
      spec(...named('a', 'b')),
      { spec: { '$setElementOrder/containers': named('b', 'a') } },
      spec(...named('b', 'a')),
    ],
    ['needs the merge key', spec({ name: 'a' }), spec({ image: 'x' }), '500 map: map[image:x] does not contain declared merge key: name'],
    ['knows its directives', spec({ name: 'a' }), { spec: { $patch: 'x' } }, '500 unknown patch type: x in map: map[$patch:x]'],
    [
      'checks retained keys',
      { spec: { volumes: [{ name: 'v' }] } },
      { spec: { volumes: [{ name: 'v', emptyDir: {}, $retainKeys: ['name'] }] } },
      '400 invalid patch format of retainKeys',
    ],
    [
      'checks the order',
      spec(...named('a', 'b')),
      { spec: { containers: named('a', 'b'), '$setElementOrder/containers': named('b', 'a') } },
      "500 The order in patch list:\n[map[name:a] map[name:b]]\n doesn't match $setElementOrder list:\n[map[name:b] map[name:a]]\n",
    ],
    ['is an object', {}, [], '400 json: cannot unmarshal array into Go value of type map[string]interface {}'],
  ])('%s', (_, document, body, expected) => {
    const before = JSON.stringify(document);
    expect(outcome(strategicMergePatchType, document, body)).toEqual(expected);
    expect(JSON.stringify(document)).toBe(before);
  });

  test('custom resources have none', () => {
    expect(() => applyPatch({}, { type: strategicMergePatchType, body: {} }, undefined)).toThrow(
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json',
    );
  });
});
