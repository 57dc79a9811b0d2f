import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { expect, test } from '@jest/globals';
import { eachLine } from './lines.ts';

async function linesOf(...chunks: (string | Buffer)[]): Promise<string[]> {
  const stream = new PassThrough();
  const lines: string[] = [];
  eachLine(stream, (line) => lines.push(line));
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  await finished(stream, { writable: false });
  return lines;
}

test('lines may lie across chunks, and share one', async () => {
  expect(await linesOf('a', 'b\nc\n\nd', 'e', 'f\n')).toEqual(['ab', 'c', '', 'def']);
});

test('both kinds of ends, and none at the end', async () => {
  expect(await linesOf('a\r', '\nb\r\nlast')).toEqual(['a', 'b', 'last']);
});

test('a letter of several bytes may lie across chunks', async () => {
  const bytes = Buffer.from('ä\n');
  expect(await linesOf(bytes.subarray(0, 1), bytes.subarray(1))).toEqual(['ä']);
});
