/** What kubectl printed against the real server, for machines without it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';

/** By group; one result a command line. */
export type Recorded = Record<string, { readonly code: number; readonly text: string }[]>;

const file = join(import.meta.dirname, 'recorded.json.br');

export function readRecorded(): Recorded {
  return existsSync(file) ? (JSON.parse(brotliDecompressSync(readFileSync(file)).toString()) as Recorded) : {};
}

export function writeRecorded(recorded: Recorded): void {
  writeFileSync(file, brotliCompressSync(JSON.stringify(recorded)));
}
