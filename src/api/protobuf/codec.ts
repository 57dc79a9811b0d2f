/** How one value goes over the wire. */
import { ProtobufError, type WireReader, wireBytes, wireFixed64, wireVarint } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

export interface Codec {
  /** The wire type its tag carries. */
  readonly wire: number;
  /** Writes the value, with its length where it has one; undefined and null are Go's zero value. */
  write(writer: WireWriter, value: unknown): void;
  /** Reads a value as JSON shows it. `into`: what an earlier occurrence of the field gave, for messages that merge. undefined: JSON null. */
  read(reader: WireReader, into: unknown): unknown;
}

export const stringCodec: Codec = {
  wire: wireBytes,
  write: (writer, value) => writer.string(typeof value === 'string' ? value : ''),
  read: (reader) => reader.string(),
};

export const booleanCodec: Codec = {
  wire: wireVarint,
  write: (writer, value) => writer.boolean(value === true),
  read: (reader) => reader.boolean(),
};

export const int64Codec: Codec = {
  wire: wireVarint,
  write: (writer, value) => writer.int64(typeof value === 'number' ? value : 0),
  read: (reader) => reader.int64(),
};

export const int32Codec: Codec = { ...int64Codec, read: (reader) => reader.int32() };

export const doubleCodec: Codec = {
  wire: wireFixed64,
  write: (writer, value) => writer.double(typeof value === 'number' ? value : 0),
  read: (reader) => reader.double(),
};

export const bytesCodec: Codec = {
  wire: wireBytes,
  write: (writer, value) => writer.bytes(Buffer.from(typeof value === 'string' ? value : '', 'base64')),
  read: (reader) => reader.bytes().toString('base64'),
};

/** Calls `field` for each field of the message at this place; it returns false for fields it does not know. */
export function eachField(reader: WireReader, field: (tag: number) => boolean): void {
  const outer = reader.enter();
  while (!reader.done) {
    const tag = reader.tag();
    if (!field(tag)) reader.skip(tag);
  }
  reader.leave(outer);
}

/** resource.Quantity: its text. */
export const quantityCodec: Codec = {
  wire: wireBytes,
  write(writer, value) {
    const before = writer.written;
    writer.string((typeof value === 'string' && value !== '') || typeof value === 'number' ? String(value) : '0');
    writer.uint32(0x0a);
    writer.lengthSince(before);
  },
  read(reader) {
    let text = '0';
    eachField(reader, (tag) => tag === 0x0a && ((text = reader.string()), true));
    return text;
  },
};

/** intstr.IntOrString: which of the two, and both. */
export const intOrStringCodec: Codec = {
  wire: wireBytes,
  write(writer, value) {
    const before = writer.written;
    const isText = typeof value === 'string';
    writer.string(isText ? value : '');
    writer.uint32(0x1a);
    writer.int64(typeof value === 'number' ? value : 0);
    writer.uint32(0x10);
    writer.boolean(isText);
    writer.uint32(0x08);
    writer.lengthSince(before);
  },
  read(reader) {
    let isText = false;
    let number = 0;
    let text = '';
    eachField(reader, (tag) => {
      if (tag === 0x08) isText = reader.boolean();
      else if (tag === 0x10) number = reader.int32();
      else if (tag === 0x1a) text = reader.string();
      else return false;
      return true;
    });
    return isText ? text : number;
  },
};

/** Seconds of the years 1 and 9999: others have no RFC 3339 form. */
const firstSecond = -62_135_596_800;
const lastSecond = 253_402_300_799;

/** metav1.Time and MicroTime: a Timestamp; empty when zero. Time keeps no fractions (apimachinery pkg/apis/meta/v1/time_proto.go). */
function timestampCodec(isMicro: boolean): Codec {
  return {
    wire: wireBytes,
    write(writer, value) {
      const before = writer.written;
      const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
      if (!Number.isNaN(at)) {
        const micros = isMicro ? Number(/\.(\d{1,6})/.exec(value as string)?.[1]?.padEnd(6, '0') ?? 0) : 0;
        writer.int64(micros * 1000);
        writer.uint32(0x10);
        writer.int64(Math.floor(at / 1000));
        writer.uint32(0x08);
      }
      writer.lengthSince(before);
    },
    read(reader) {
      let seconds = 0;
      let nanos = 0;
      let isEmpty = true;
      eachField(reader, (tag) => {
        isEmpty = false;
        if (tag === 0x08) seconds = reader.int64();
        else if (tag === 0x10) nanos = reader.int32();
        else return false;
        return true;
      });
      return isEmpty ? undefined : timeText(seconds, isMicro ? nanos : undefined);
    },
  };
}

function timeText(seconds: number, nanos: number | undefined): string {
  if (!(seconds >= firstSecond && seconds <= lastSecond))
    throw new ProtobufError(`proto: time ${String(seconds)} is outside of the years 1 to 9999`);
  const text = new Date(seconds * 1000).toISOString().slice(0, 19);
  if (nanos === undefined) return `${text}Z`;
  if (nanos < 0 || nanos > 999_999_999) throw new ProtobufError(`proto: ${String(nanos)} nanoseconds are not a part of a second`);
  return `${text}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z`;
}

export const timeCodec: Codec = timestampCodec(false);
export const microTimeCodec: Codec = timestampCodec(true);
