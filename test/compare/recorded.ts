/** The real server's answers as they were once, for machines that cannot run it: recorded/answers.json.br. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import type { Comparable } from './masks.ts';

/** By name of the case; one answer a step. */
export type Recorded = Record<string, readonly Comparable[]>;

const file = join(import.meta.dirname, 'recorded', 'answers.json.br');

export function readRecorded(): Recorded {
  if (!existsSync(file)) return {};
  return JSON.parse(brotliDecompressSync(readFileSync(file)).toString()) as Recorded;
}

export function writeRecorded(recorded: Recorded): void {
  const names = Object.keys(recorded).sort();
  const text = JSON.stringify(Object.fromEntries(names.map((name) => [name, recorded[name]])));
  writeFileSync(file, brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_QUALITY]: 10 } }));
}
