import { expect, test } from '@jest/globals';
import { goJson, goPrinted, goQuoted } from './go-text.ts';

test.each([
  ['a"b\\', '"a\\"b\\\\"'],
  ['\n\t\u0000\u007f', '"\\n\\t\\x00\\x7f"'],
  ['ü😀', '"ü😀"'],
  ['\u200b\u{e0001}', '"\\u200b\\U000e0001"'],
])('%j is quoted as Go quotes it', (text, quoted) => expect(goQuoted(text)).toBe(quoted));

test("JSON as Go's encoder writes it", () => expect(goJson({ a: '<&>' })).toBe('{"a":"\\u003c\\u0026\\u003e"}'));

test('values of JSON as %v prints them', () => {
  expect(goPrinted({ b: [null, 'x y', true, 1.5, 0.00001, 1e25], a: { c: {} } })).toBe(
    'map[a:map[c:map[]] b:[<nil> x y true 1.5 1e-05 1e+25]]',
  );
});
