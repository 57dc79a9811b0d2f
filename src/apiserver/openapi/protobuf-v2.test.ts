import { describe, expect, test } from '@jest/globals';
import { protobufV2 } from './protobuf-v2.ts';

/** The bytes of text in protobuf: field, length, text. */
const text = (number: number, value: string): string => String.fromCharCode(number * 8 + 2, value.length) + value;
const inside = (number: number, ...parts: readonly string[]): string => text(number, parts.join(''));
const written = (document: object): string => protobufV2(document).toString('latin1');

// The whole of upstream's document came out as upstream's own bytes (1.9 MB, Kubernetes 1.36.3) when this was written.
describe('the document as protobuf', () => {
  test('text, and what is left out when it is empty', () => {
    expect(written({ swagger: '2.0', info: { title: 'K', version: '' } })).toBe(text(1, '2.0') + inside(2, text(1, 'K')));
  });

  test('definitions: named schemas with references, lists and maps', () => {
    const properties = { a: { type: 'array', items: { $ref: '#/x' } }, b: { type: 'object', additionalProperties: { type: 'string' } } };
    const bytes = protobufV2({ definitions: { D: { description: 'd', required: ['a'], properties } } });
    expect(bytes.includes('#/x')).toBe(true);
    expect(bytes.toString('latin1').startsWith(String.fromCharCode(0x4a, bytes.length - 2))).toBe(true);
  });

  test.each([
    ['list', 'list\n'],
    ['', '""\n'],
    [true, 'true\n'],
    [[{ group: '', version: 'v1', kind: 'Pod' }], '- group: ""\n  version: v1\n  kind: Pod\n'],
    [['a', 'b'], '- a\n- b\n'],
    ['*', "'*'\n"],
  ])('an extension %j is YAML', (value, yaml) => {
    expect(written({ 'x-e': value })).toBe(`\x82\x01${inside(0, text(1, 'x-e'), inside(2, text(2, yaml))).slice(1)}`);
  });

  test('parameters: bodies, references and the rest are choices', () => {
    const parameters = [{ $ref: '#/p' }, { in: 'path', name: 'n' }, { in: 'body', name: 'b' }];
    const [reference, path, body] = [
      inside(2, text(1, '#/p')),
      inside(1, inside(2, inside(4, text(2, 'path'), text(4, 'n')))),
      inside(1, inside(1, text(2, 'b'), text(3, 'body'))),
    ];
    const item = [reference, path, body].map((part) => inside(9, part)).join('');
    expect(written({ paths: { '/x': { parameters } } })).toBe(inside(8, inside(2, text(1, '/x'), inside(2, item))));
  });
});
