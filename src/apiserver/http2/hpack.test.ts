import { describe, expect, test } from '@jest/globals';
import { huffmanText } from './huffman.ts';
import { CompressionError, encodedField, encodedStatus, HpackDecoder } from './hpack.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

describe('the decoder reads the examples of RFC 7541, appendix C', () => {
  test('C.4: three requests with Huffman codes over one table', () => {
    const decoder = new HpackDecoder(4096, 10_000);
    expect(decoder.decode(bytes('8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff'))).toEqual([
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', '/'],
      [':authority', 'www.example.com'],
    ]);
    expect(decoder.decode(bytes('8286 84be 5886 a8eb 1064 9cbf'))?.slice(3)).toEqual([
      [':authority', 'www.example.com'],
      ['cache-control', 'no-cache'],
    ]);
    expect(decoder.decode(bytes('8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf'))).toEqual([
      [':method', 'GET'],
      [':scheme', 'https'],
      [':path', '/index.html'],
      [':authority', 'www.example.com'],
      ['custom-key', 'custom-value'],
    ]);
  });

  test('C.5: a small table forgets the oldest', () => {
    const decoder = new HpackDecoder(256, 10_000);
    const first =
      '4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d';
    expect(decoder.decode(bytes(first))?.[3]).toEqual(['location', 'https://www.example.com']);
    expect(decoder.decode(bytes('4803 3330 37c1 c0bf'))).toEqual([
      [':status', '307'],
      ['cache-control', 'private'],
      ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'],
      ['location', 'https://www.example.com'],
    ]);
  });
});

test('a table of no size keeps nothing', () => {
  const decoder = new HpackDecoder(4096, 10_000);
  expect(decoder.decode(bytes('20 4001 6101 62'))).toEqual([['a', 'b']]);
  expect(() => decoder.decode(bytes('be'))).toThrow(CompressionError);
});

test.each([
  ['cut short', '4001'],
  ['cut short in a text', '4005 6162'],
  ['an index that is nowhere', 'ff ff ff 7f'],
  ['index 0', '80'],
  ['a number without end', 'ff ff ff ff ff ff ff'],
  ['a table larger than allowed', '3f e2 7f'],
  ['padding of a Huffman code that is not ones', '40 81 18 01 62'],
  ['the end mark as Huffman code', '40 84 ff ff ff ff 01 62'],
])('%s is an error', (_, hex) => {
  expect(() => new HpackDecoder(4096, 10_000).decode(bytes(hex))).toThrow(CompressionError);
});

test('too many fields are no fields, and the table goes on', () => {
  const decoder = new HpackDecoder(4096, 70);
  expect(decoder.decode(bytes('4001 6101 62 4001 6301 64'))).toEqual([
    ['a', 'b'],
    ['c', 'd'],
  ]);
  expect(decoder.decode(bytes('be be be'))).toBeUndefined();
  expect(decoder.decode(bytes('bf'))).toEqual([['a', 'b']]);
});

test('every octet has its Huffman code', () => {
  // RFC 7541, C.4.1 and C.6.1
  expect(huffmanText(bytes('f1e3 c2e5 f23a 6ba0 ab90 f4ff'), 0, 12)).toBe('www.example.com');
  expect(huffmanText(bytes('d07a be94 1054 d444 a820 0595 040b 8166 e082 a62d 1bff'), 0, 22)).toBe('Mon, 21 Oct 2013 20:13:21 GMT');
  // 30 bits: a line feed
  expect(huffmanText(bytes('ffff fff3'), 0, 4)).toBe('\n');
});

test('what is encoded is read back', () => {
  const fields = [
    ['content-type', 'application/json'],
    ['x-some-name', 'v'.repeat(127)],
    ['x'.repeat(300), 'ü'.repeat(5000)],
  ] as const;
  const block = Buffer.from(
    encodedStatus(200) + encodedStatus(418) + fields.map(([name, value]) => encodedField(name, value)).join(''),
    'latin1',
  );
  expect(new HpackDecoder(0, 100_000).decode(block)).toEqual([[':status', '200'], [':status', '418'], ...fields]);
});
