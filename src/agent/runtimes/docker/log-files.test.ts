/** Docker's log files, as its json-file driver writes and rotates them, in a folder of the test's. */
import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { realClock } from '../../../base/clock.ts';
import type { LogOptions } from '../runtime.ts';
import { JsonLogDecoder, TailFinder } from './json-log.ts';
import { readLogFiles } from './log-files.ts';

const time = (second: number): string => `2026-01-01T00:00:${String(second).padStart(2, '0')}.000000001Z`;
const line = (log: string, stream = 'stdout', second = 0): string => `${JSON.stringify({ log, stream, time: time(second) })}\n`;
const all: LogOptions = { follow: false, timestamps: false, streams: 'all' };

describe('lines', () => {
  const decode = (text: string, filter: Partial<ConstructorParameters<typeof JsonLogDecoder>[0]> = {}): string =>
    new JsonLogDecoder({ streams: 'all', timestamps: false, since: undefined, ...filter }).decode(Buffer.from(text)).toString();

  test.each([
    ['plain', 'hello\n'],
    ['empty', '\n'],
    ['with quotes', 'say "hi" \\ \t\n'],
    ['what looks like the end', '\\n","stream":"stdout","time":"x"}\n'],
    ['not ASCII', 'grüße 日本 \u0001\n'],
    ['a piece without an end', 'x'.repeat(16_384)],
  ])('%s', (_name, log) => {
    expect(decode(line(log) + line('next\n'))).toBe(`${log}next\n`);
    expect(decode(line(log), { timestamps: true })).toBe(`${time(0)} ${log}`);
  });

  test('of one stream, and from a time on', () => {
    const text = line('a\n', 'stdout', 1) + line('b\n', 'stderr', 2) + line('c"\n', 'stdout', 3) + line('d\n', 'stderr', 4);
    expect(decode(text, { streams: 'stdout' })).toBe('a\nc"\n');
    expect(decode(text, { streams: 'stderr' })).toBe('b\nd\n');
    expect(decode(text, { since: Date.parse(time(3)) })).toBe('c"\nd\n');
  });

  test('come in any pieces', () => {
    const text = Buffer.from(line('one\n') + line('two "2"\n') + line('three\n'));
    for (let size = 1; size < text.length; size += 7) {
      const decoder = new JsonLogDecoder({ streams: 'all', timestamps: false, since: undefined });
      let out = '';
      for (let at = 0; at < text.length; at += size) out += decoder.decode(text.subarray(at, at + size)).toString();
      expect(out).toBe('one\ntwo "2"\nthree\n');
    }
  });

  test('torn ones are left out', () => {
    expect(decode(`{"log":"half\n${line('whole\n')}`)).toBe('whole\n');
  });

  test.each([
    ['a\nb\nc\n', 2, 2],
    ['a\nb\nc\n', 3, undefined],
    ['a\nb\nc\n', 0, 6],
    ['a\nb\nc', 1, 4],
  ])('the tail of %j of %s lines begins at %s', (text, lines, at) => {
    expect(new TailFinder(lines).look(Buffer.from(text))).toBe(at);
  });
});

describe('files', () => {
  let dir: string;
  let path: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'coracle-log-'));
    path = join(dir, 'c-json.log');
    writeFileSync(`${path}.2`, line('1\n', 'stdout', 1) + line('2\n', 'stdout', 2));
    writeFileSync(`${path}.1`, line('3\n', 'stdout', 3));
    writeFileSync(path, line('4\n', 'stdout', 4) + line('5\n', 'stdout', 5));
  });
  afterEach(() => rmSync(dir, { recursive: true }));
  const open = async (options: Partial<LogOptions>, ended?: Promise<void>): Promise<Readable> => {
    const log = await readLogFiles({ path, clock: realClock, ended }, { ...all, ...options });
    if (log === undefined) throw new Error('not readable');
    return log.setEncoding('utf8');
  };
  const text = async (options: Partial<LogOptions>): Promise<string> => (await (await open(options)).toArray()).join('');

  test.each([
    [{}, '1\n2\n3\n4\n5\n'],
    [{ tailLines: 0 }, ''],
    [{ tailLines: 2 }, '4\n5\n'],
    [{ tailLines: 4 }, '2\n3\n4\n5\n'],
    [{ tailLines: 99 }, '1\n2\n3\n4\n5\n'],
    [{ since: Date.parse(time(3)) }, '3\n4\n5\n'],
    [{ tailLines: 1, timestamps: true }, `${time(5)} 5\n`],
  ])('%j', async (options, expected) => {
    expect(await text(options)).toBe(expected);
  });

  test('that are not there are somebody else’s business', async () => {
    expect(await readLogFiles({ path: join(dir, 'none'), clock: realClock, ended: undefined }, all)).toBeUndefined();
  });

  test('are followed through rotations to the end of the container', async () => {
    const ended = Promise.withResolvers<undefined>();
    const log = await open({ tailLines: 1 }, ended.promise);
    let said = '';
    const until = async (wanted: string): Promise<void> => {
      while (said !== wanted) said += String(await new Promise((resolve) => log.once('data', resolve)));
    };
    await until('5\n');
    appendFileSync(path, line('6\n'));
    await until('5\n6\n');
    appendFileSync(path, line('7\n'));
    renameSync(path, `${path}.1`);
    writeFileSync(path, line('8\n'));
    await until('5\n6\n7\n8\n');
    appendFileSync(path, line('9\n'));
    ended.resolve(undefined);
    await until('5\n6\n7\n8\n9\n');
    expect(await log.toArray()).toEqual([]);
  });

  const compress = (file: string): void => {
    writeFileSync(`${file}.gz`, gzipSync(readFileSync(file)));
    rmSync(file);
  };

  test.each([
    [{}, '1\n2\n3\n4\n5\n'],
    [{ tailLines: 4 }, '2\n3\n4\n5\n'],
    [{ tailLines: 3 }, '3\n4\n5\n'],
  ])('of which some are compressed: %j', async (options, expected) => {
    compress(`${path}.2`);
    // Not complete yet: what it is made of is still there.
    writeFileSync(`${path}.1.gz`, 'half');
    expect(await text(options)).toBe(expected);
    compress(`${path}.1`);
    expect(await text(options)).toBe(expected);
  });

  test('are followed though what was just read is compressed, and more than one was rotated away', async () => {
    const ended = Promise.withResolvers<undefined>();
    compress(`${path}.2`);
    const log = await open({ tailLines: 1 }, ended.promise);
    let said = '';
    const until = async (wanted: string): Promise<void> => {
      while (said !== wanted) said += String(await new Promise((resolve) => log.once('data', resolve)));
    };
    await until('5\n');
    renameSync(`${path}.2.gz`, `${path}.4.gz`);
    renameSync(`${path}.1`, `${path}.3`);
    compress(`${path}.3`);
    renameSync(path, `${path}.2`);
    compress(`${path}.2`);
    writeFileSync(`${path}.1`, line('6\n', 'stdout', 6));
    compress(`${path}.1`);
    writeFileSync(path, line('7\n', 'stdout', 7));
    await until('5\n6\n7\n');
    ended.resolve(undefined);
    expect(await log.toArray()).toEqual([]);
  });

  test('a reader that leaves while nothing happens leaves nothing behind', async () => {
    const log = await open({ tailLines: 0 }, new Promise(() => undefined));
    log.resume();
    await new Promise((resolve) => setImmediate(resolve));
    log.destroy();
    await new Promise((resolve) => log.once('close', resolve));
    expect(log.destroyed).toBe(true);
  });
});
