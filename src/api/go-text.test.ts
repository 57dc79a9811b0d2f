import { expect, test } from '@jest/globals';
import { goJson, goQuoted } from './go-text.ts';

test.each([
  ['a"b\\', '"a\\"b\\\\"'],
  ['\n\t\u0000\u007f', '"\\n\\t\\x00\\x7f"'],
  ['ü😀', '"ü😀"'],
  ['\u200b\u{e0001}', '"\\u200b\\U000e0001"'],
])('%j is quoted as Go quotes it', (text, quoted) => expect(goQuoted(text)).toBe(quoted));

test("JSON as Go's encoder writes it", () => expect(goJson({ a: '<&>' })).toBe('{"a":"\\u003c\\u0026\\u003e"}'));
