import { expect, test } from '@jest/globals';
import { parseOperations, parsePatch } from './decode.ts';

const operations = (text: string) => parseOperations(Buffer.from(text));

test('keys that a patch repeats are told, each once', () => {
  const { body, faults } = parsePatch(Buffer.from('{"data":{"a":"1","a":"2","a":"3"},"x":1,"x":2}'), '');
  expect(body).toEqual({ data: { a: '3' }, x: 2 });
  expect(faults).toEqual(['duplicate field "data.a"', 'duplicate field "x"']);
});

test('an operation has four fields: others are told in the order of the text', () => {
  expect(operations('[{"op":"add","Path":"x","op":"add","path":"/a","value":{"zz":1}}]').faults).toEqual([
    'json patch unknown field "[0].Path"',
    'json patch duplicate field "[0].op"',
  ]);
});

test.each([
  ['[{"op":7}]', 'number into Go struct field jsonPatchOp.op'],
  ['[{"op":"add","path":true}]', 'bool into Go struct field jsonPatchOp.path'],
  ['[{"op":"move","from":{}}]', 'object into Go struct field jsonPatchOp.from'],
])('%s is refused', (text, fault) => {
  expect(() => operations(text)).toThrow(`error decoding patch: json: cannot unmarshal ${fault} of type string`);
});

test('nulls say nothing', () => expect(operations('[{"op":null,"path":"/a"}]').faults).toEqual([]));
