/** Frames of SPDY/3.1 as bytes and back; header blocks stay compressed here. Pure. */

export type Frame =
  | { readonly type: 'data'; readonly streamId: number; readonly fin: boolean; readonly data: Buffer }
  | { readonly type: 'synStream'; readonly streamId: number; readonly fin: boolean; readonly block: Buffer }
  | { readonly type: 'synReply' | 'headers'; readonly streamId: number; readonly fin: boolean; readonly block: Buffer }
  | { readonly type: 'rstStream'; readonly streamId: number; readonly status: number }
  | { readonly type: 'ping'; readonly id: number }
  | { readonly type: 'goAway'; readonly lastStreamId: number; readonly status: number }
  | { readonly type: 'ignored' };

const kinds = { synStream: 1, synReply: 2, rstStream: 3, settings: 4, ping: 6, goAway: 7, headers: 8, windowUpdate: 9 } as const;
const finFlag = 1;
const idMask = 0x7fff_ffff;

/** Cuts a byte stream into frames. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Frame[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Frame[] = [];
    let at = 0;
    while (this.#rest.length - at >= 8) {
      const length = this.#rest.readUIntBE(at + 5, 3);
      if (this.#rest.length - at - 8 < length) break;
      frames.push(decode(this.#rest.subarray(at, at + 8), this.#rest.subarray(at + 8, at + 8 + length)));
      at += 8 + length;
    }
    this.#rest = this.#rest.subarray(at);
    return frames;
  }
}

function decode(head: Buffer, body: Buffer): Frame {
  const fin = ((head[4] ?? 0) & finFlag) !== 0;
  if (((head[0] ?? 0) & 0x80) === 0) return { type: 'data', streamId: head.readUInt32BE(0) & idMask, fin, data: body };
  const streamId = body.length >= 4 ? body.readUInt32BE(0) & idMask : 0;
  switch (head.readUInt16BE(2)) {
    case kinds.synStream:
      return { type: 'synStream', streamId, fin, block: body.subarray(10) };
    case kinds.synReply:
      return { type: 'synReply', streamId, fin, block: body.subarray(4) };
    case kinds.headers:
      return { type: 'headers', streamId, fin, block: body.subarray(4) };
    case kinds.rstStream:
      return { type: 'rstStream', streamId, status: body.readUInt32BE(4) };
    case kinds.ping:
      return { type: 'ping', id: body.readUInt32BE(0) };
    case kinds.goAway:
      return { type: 'goAway', lastStreamId: streamId, status: body.readUInt32BE(4) };
    default:
      // Settings and windows: Kubernetes' SPDY knows no flow control beyond TCP's.
      return { type: 'ignored' };
  }
}

export function encodeData(streamId: number, data: Buffer, fin: boolean): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(streamId, 0);
  head.writeUInt32BE(data.length, 4);
  head[4] = fin ? finFlag : 0;
  return data.length === 0 ? head : Buffer.concat([head, data]);
}

function control(kind: number, body: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(0x8003, 0);
  head.writeUInt16BE(kind, 2);
  head.writeUInt32BE(body.length, 4);
  return Buffer.concat([head, body]);
}

function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, at) => bytes.writeUInt32BE(value >>> 0, at * 4));
  return bytes;
}

export function encodeSynReply(streamId: number, block: Buffer): Buffer {
  return control(kinds.synReply, Buffer.concat([words(streamId), block]));
}

export function encodeSynStream(streamId: number, block: Buffer): Buffer {
  return control(kinds.synStream, Buffer.concat([words(streamId, 0), Buffer.from([0, 0]), block]));
}

export function encodeRstStream(streamId: number, status: number): Buffer {
  return control(kinds.rstStream, words(streamId, status));
}

export function encodePing(id: number): Buffer {
  return control(kinds.ping, words(id));
}

export function encodeGoAway(lastStreamId: number): Buffer {
  return control(kinds.goAway, words(lastStreamId, 0));
}
