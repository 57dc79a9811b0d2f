/** Header blocks of SPDY/3: one zlib stream a direction and connection, flushed after each block. */
import type { Deflate, Inflate } from 'node:zlib';
import { constants, createDeflate, createInflate } from 'node:zlib';
import { headerDictionary } from './dictionary.ts';

export type Headers = ReadonlyMap<string, string>;

/** Names are lower case; several values of a name are joined by NUL. */
export function parseHeaders(block: Buffer): Headers {
  const headers = new Map<string, string>();
  let at = 4;
  const text = (): string => {
    const length = block.readUInt32BE(at);
    const value = block.toString('utf8', at + 4, at + 4 + length);
    at += 4 + length;
    return value;
  };
  for (let left = block.length >= 4 ? block.readUInt32BE(0) : 0; left > 0; left -= 1) {
    const name = text();
    headers.set(name, text());
  }
  return headers;
}

export function formatHeaders(headers: Headers): Buffer {
  const parts: Buffer[] = [];
  const number = (value: number): void => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    parts.push(bytes);
  };
  number(headers.size);
  for (const text of [...headers].flat()) {
    const bytes = Buffer.from(text);
    number(bytes.length);
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}

/** One direction of header compression. Calls must not overlap. */
export class HeaderCodec {
  readonly #inflate: Inflate = createInflate({ dictionary: headerDictionary, finishFlush: constants.Z_SYNC_FLUSH });
  readonly #deflate: Deflate = createDeflate({ dictionary: headerDictionary });

  async decode(block: Buffer): Promise<Headers> {
    return parseHeaders(await through(this.#inflate, block));
  }

  encode(headers: Headers): Promise<Buffer> {
    return through(this.#deflate, formatHeaders(headers));
  }

  close(): void {
    this.#inflate.destroy();
    this.#deflate.destroy();
  }
}

function through(codec: Inflate | Deflate, input: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const take = (chunk: Buffer): void => void chunks.push(chunk);
    const fail = (error: Error): void => reject(error);
    codec.on('data', take);
    codec.once('error', fail);
    codec.write(input);
    codec.flush(constants.Z_SYNC_FLUSH, () => {
      codec.off('data', take);
      codec.off('error', fail);
      resolve(Buffer.concat(chunks));
    });
  });
}
