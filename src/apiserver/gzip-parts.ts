/**
 * Gzip of bodies made of buffers that many answers share. A body is cut where its content says (not where it happens to lie), each
 * piece is deflated once and ends on a byte, and the pieces are joined in one gzip member (RFC 1952) with a checksum that is
 * combined from theirs. Objects of a list are much alike: a piece refers to the last object of the one before it. A list of which little has changed costs little to compress again.
 */
import { constants, crc32, deflateRaw } from 'node:zlib';
import { crcShift, crcThen } from './crc-combine.ts';

export interface Deflated {
  readonly bytes: Buffer;
  readonly crc: number;
  /** Carries a checksum over the bytes of this piece. */
  readonly shift: number;
  /** Before compression. */
  readonly length: number;
}

/** Parts that are deflated together, and the ones before them that they may refer to: the object and the comma they follow. */
interface Run {
  readonly before: readonly Buffer[];
  readonly parts: readonly Buffer[];
}

interface Piece {
  readonly begins: number;
  /** Those before it and its own: weak, so that a long-lived first part does not keep what stood beside it. */
  readonly parts: readonly WeakRef<Buffer>[];
  readonly deflated: Promise<Deflated>;
}

/** Pieces by their first part: a memo that goes with the parts. */
const known = new WeakMap<Buffer, Piece>();

/** Smaller parts are what stands between objects; nothing is cut before them. */
const leastCut = 64;
/** One part in so many begins a piece. */
const cutEvery = 32;
/** Pieces end before they get larger, unless one part is. */
const mostBytes = 512 * 1024;

/** As many as there are threads for it; each takes a quarter of a megabyte while it waits. */
const mostAtOnce = 4;

/** As upstream (responsewriters, defaultGzipContentEncodingLevel): for what is made for one answer. */
const onceLevel = 1;
/** What many answers share: a third of the bytes, which Go's client unpacks in half the time. */
const sharedLevel = 6;

const header = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 0xff]);
/** An empty last block. */
const lastBlock = Buffer.from([3, 0]);

/** Resolves with one gzip member, in pieces. The parts must not change afterwards. */
export async function gzipParts(parts: readonly Buffer[]): Promise<readonly Buffer[]> {
  return member([await deflateParts(parts)]);
}

/** Parts between a head and a tail of an answer's own, deflated once. */
export async function gzipAround(head: Buffer, middle: Promise<Deflated>, tail: Buffer): Promise<readonly Buffer[]> {
  return member([plainBlock(head), await middle, plainBlock(tail)]);
}

/** The parts as blocks of a deflate stream that others may go before and follow. */
export async function deflateParts(parts: readonly Buffer[]): Promise<Deflated> {
  const level = parts.length > 1 ? sharedLevel : onceLevel;
  const runs = cut(parts);
  const pieces: Deflated[] = [];
  const left = runs.entries();
  await Promise.all(
    Array.from({ length: mostAtOnce }, async () => {
      for (const [at, run] of left) pieces[at] = await pieceOf(run, level);
    }),
  );
  return joined(pieces);
}

function joined(pieces: readonly Deflated[]): Deflated {
  return { ...sumOf(pieces), bytes: Buffer.concat(pieces.map(({ bytes }) => bytes)) };
}

function sumOf(pieces: readonly Deflated[]): Omit<Deflated, 'bytes'> {
  let crc = 0;
  let length = 0;
  for (const piece of pieces) {
    crc = crcThen(crc, piece);
    length += piece.length;
  }
  return { crc, shift: crcShift(length), length };
}

/** RFC 1952. */
function member(pieces: readonly Deflated[]): readonly Buffer[] {
  const { crc, length } = sumOf(pieces);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc, 0);
  trailer.writeUInt32LE(length % 2 ** 32, 4);
  return [header, ...pieces.map(({ bytes }) => bytes), lastBlock, trailer];
}

/** A few bytes as they are (RFC 1951, 3.2.4). */
function plainBlock(bytes: Buffer): Deflated {
  const block = Buffer.alloc(5);
  block.writeUInt16LE(bytes.length, 1);
  block.writeUInt16LE(~bytes.length & 0xffff, 3);
  return { bytes: Buffer.concat([block, bytes]), crc: crc32(bytes), shift: crcShift(bytes.length), length: bytes.length };
}

function cut(parts: readonly Buffer[]): Run[] {
  const runs: Run[] = [];
  let from = 0;
  let size = 0;
  let last = 0;
  let before: readonly Buffer[] = [];
  for (const [at, part] of parts.entries()) {
    if (at > from && part.length >= leastCut && (size + part.length > mostBytes || beginsPiece(part))) {
      runs.push({ before, parts: parts.slice(from, at) });
      before = parts.slice(last, at);
      from = at;
      size = 0;
    }
    if (part.length >= leastCut) last = at;
    size += part.length;
  }
  runs.push({ before, parts: parts.slice(from) });
  return runs;
}

/** By the bytes in which objects differ first: those of the resource version and the name (FNV-1a, four bytes at a time). */
function beginsPiece(part: Buffer): boolean {
  let hash = 0x811c9dc5;
  for (let at = 24; at < leastCut; at += 4) {
    const word = (part[at] ?? 0) | ((part[at + 1] ?? 0) << 8) | ((part[at + 2] ?? 0) << 16) | ((part[at + 3] ?? 0) << 24);
    hash = Math.imul(hash ^ word, 0x01000193);
    hash ^= hash >>> 13;
  }
  return (hash ^ (hash >>> 15)) % cutEvery === 0;
}

function pieceOf(run: Run, level: number): Promise<Deflated> {
  const [first] = run.parts;
  if (first === undefined) return deflate(run, level);
  const all = [...run.before, ...run.parts];
  const made = known.get(first);
  if (made?.begins === run.before.length && made.parts.length === all.length && made.parts.every((part, at) => part.deref() === all[at]))
    return made.deflated;
  const deflated = deflate(run, level);
  known.set(first, { begins: run.before.length, parts: all.map((part) => new WeakRef(part)), deflated });
  deflated.catch(() => known.delete(first));
  return deflated;
}

function deflate({ before, parts }: Run, level: number): Promise<Deflated> {
  const input = Buffer.concat(parts);
  const dictionary = before.length === 0 ? {} : { dictionary: Buffer.concat(before) };
  return new Promise((resolve, reject) => {
    deflateRaw(input, { level, chunkSize: 16_384, finishFlush: constants.Z_SYNC_FLUSH, ...dictionary }, (error, bytes) => {
      if (error !== null) reject(error);
      else resolve({ bytes: Buffer.from(bytes), crc: crc32(input), shift: crcShift(input.length), length: input.length });
    });
  });
}
