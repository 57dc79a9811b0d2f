/** Lines out of a stream of bytes. */
import type { Readable } from 'node:stream';

const newline = 0x0a;
const carriageReturn = 0x0d;

/**
 * Calls `onLine` with each line, without its end; what comes after the last line's end is a line too once the stream has ended. Nothing
 * else is taken from the stream: its errors and its end are the caller's to listen for.
 */
export function eachLine(stream: Readable, onLine: (line: string) => void): void {
  let begun: Buffer[] = [];
  const say = (end: Buffer): void => {
    const line = begun.length === 0 ? end : Buffer.concat([...begun, end]);
    begun = [];
    onLine(line.toString('utf8', 0, line.at(-1) === carriageReturn ? line.length - 1 : line.length));
  };
  stream.on('data', (chunk: Buffer) => {
    let from = 0;
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      say(chunk.subarray(from, at));
      from = at + 1;
    }
    if (from < chunk.length) begun.push(chunk.subarray(from));
  });
  stream.on('end', () => {
    if (begun.length > 0) say(Buffer.alloc(0));
  });
}
