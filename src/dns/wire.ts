/**
 * DNS messages (RFC 1035, EDNS0 of RFC 6891): reading questions, writing answers with compressed names, and finding the TTLs of a
 * message that is passed on as it is. Own code, because the packages do not fit: dns2 works bit by bit and catches one exception for
 * each record a hostile header promises (up to 262 140 a packet); dns-packet does not compress names.
 */
export const types = { A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, TXT: 16, AAAA: 28, SRV: 33, OPT: 41, AXFR: 252, ANY: 255 } as const;

export const rcodes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5, BADVERS: 16 } as const;

export interface Question {
  /** Lower case, labels joined by dots, without the last one; '' is the root. Bytes outside of printable ASCII and dots in labels are escaped (\DDD). */
  readonly name: string;
  readonly type: number;
  readonly class: number;
}

export interface Edns {
  readonly udpSize: number;
  readonly version: number;
  readonly dnssecOk: boolean;
}

export interface Query {
  readonly id: number;
  readonly opcode: number;
  readonly recursionDesired: boolean;
  readonly checkingDisabled: boolean;
  readonly question: Question;
  readonly edns: Edns | undefined;
  /** The message as it came; the question's bytes go back as they were sent (case is part of some clients' defence). */
  readonly bytes: Buffer;
  /** Where the question ends in `bytes`. */
  readonly questionEnd: number;
}

/** What a message's sender did wrong. */
export class MalformedMessage extends Error {}

const headerLength = 12;
const maxName = 255;

/** Throws {@link MalformedMessage}. */
export function readQuery(bytes: Buffer): Query {
  if (bytes.length < headerLength) throw new MalformedMessage('shorter than a header');
  const flags = bytes.readUInt16BE(2);
  if (bytes.readUInt16BE(4) !== 1) throw new MalformedMessage('not exactly one question');
  const { name, end } = readName(bytes, headerLength);
  if (end + 4 > bytes.length) throw new MalformedMessage('question cut short');
  const questionEnd = end + 4;
  return {
    id: bytes.readUInt16BE(0),
    opcode: (flags >> 11) & 0xf,
    recursionDesired: (flags & 0x0100) !== 0,
    checkingDisabled: (flags & 0x0010) !== 0,
    question: { name, type: bytes.readUInt16BE(end), class: bytes.readUInt16BE(end + 2) },
    edns: readEdns(bytes, questionEnd),
    bytes,
    questionEnd,
  };
}

function readEdns(bytes: Buffer, start: number): Edns | undefined {
  for (const record of readRecords(bytes, start)) {
    if (record.type !== types.OPT) continue;
    const flags = bytes.readUInt32BE(record.ttlAt);
    return { udpSize: record.class, version: (flags >>> 16) & 0xff, dnssecOk: (flags & 0x8000) !== 0 };
  }
  return undefined;
}

export interface RecordPlace {
  readonly type: number;
  readonly class: number;
  readonly ttlAt: number;
  readonly dataAt: number;
  readonly dataLength: number;
  readonly section: 'answer' | 'authority' | 'additional';
}

/** The records of a message whose questions end at `start`. Throws {@link MalformedMessage} at the first that does not fit. */
export function* readRecords(bytes: Buffer, start: number): Generator<RecordPlace> {
  const counts = [bytes.readUInt16BE(6), bytes.readUInt16BE(8), bytes.readUInt16BE(10)] as const;
  let at = start;
  for (const [i, section] of (['answer', 'authority', 'additional'] as const).entries()) {
    for (let left = counts[i] ?? 0; left > 0; left--) {
      at = skipName(bytes, at);
      if (at + 10 > bytes.length) throw new MalformedMessage('record cut short');
      const dataLength = bytes.readUInt16BE(at + 8);
      const dataAt = at + 10;
      if (dataAt + dataLength > bytes.length) throw new MalformedMessage('record data cut short');
      yield { type: bytes.readUInt16BE(at), class: bytes.readUInt16BE(at + 2), ttlAt: at + 4, dataAt, dataLength, section };
      at = dataAt + dataLength;
    }
  }
}

/** Reads a name; pointers may only lead backwards, so a loop cannot be. */
export function readName(bytes: Buffer, start: number): { name: string; end: number } {
  const labels: string[] = [];
  let at = start;
  let end = -1;
  let total = 1;
  for (;;) {
    const length = bytes[at];
    if (length === undefined) throw new MalformedMessage('name cut short');
    if (length === 0) return { name: labels.join('.'), end: end < 0 ? at + 1 : end };
    if ((length & 0xc0) === 0xc0) {
      const low = bytes[at + 1];
      if (low === undefined) throw new MalformedMessage('pointer cut short');
      if (end < 0) end = at + 2;
      const target = ((length & 0x3f) << 8) | low;
      if (target >= at) throw new MalformedMessage('pointer forward');
      if (target < headerLength) throw new MalformedMessage('pointer into the header');
      at = target;
      continue;
    }
    if ((length & 0xc0) !== 0) throw new MalformedMessage('unknown label type');
    total += length + 1;
    if (total > maxName) throw new MalformedMessage('name too long');
    if (at + 1 + length > bytes.length) throw new MalformedMessage('label cut short');
    labels.push(labelText(bytes, at + 1, length));
    at += length + 1;
  }
}

function labelText(bytes: Buffer, start: number, length: number): string {
  const raw = bytes.toString('latin1', start, start + length);
  if (/^[a-z0-9_-]*$/.test(raw)) return raw;
  return raw.toLowerCase().replace(/[^!-\-/-[\]-~]/g, (char) => `\\${char.charCodeAt(0).toString().padStart(3, '0')}`);
}

function skipName(bytes: Buffer, start: number): number {
  for (let at = start; ;) {
    const length = bytes[at];
    if (length === undefined) throw new MalformedMessage('name cut short');
    if (length === 0) return at + 1;
    if ((length & 0xc0) === 0xc0) return at + 2;
    if ((length & 0xc0) !== 0) throw new MalformedMessage('unknown label type');
    at += length + 1;
  }
}

export type RecordData =
  | { readonly type: typeof types.A | typeof types.AAAA; readonly address: Uint8Array }
  | { readonly type: typeof types.CNAME | typeof types.PTR | typeof types.NS; readonly target: string }
  | { readonly type: typeof types.SRV; readonly priority: number; readonly weight: number; readonly port: number; readonly target: string }
  | { readonly type: typeof types.TXT; readonly text: string }
  | {
      readonly type: typeof types.SOA;
      readonly mname: string;
      readonly rname: string;
      readonly serial: number;
      readonly times: readonly [number, number, number, number];
    };

export interface DnsRecord {
  /** Undefined: the question's name, written as the client wrote it. */
  readonly name?: string;
  readonly ttl: number;
  readonly data: RecordData;
}

export interface Reply {
  readonly rcode: number;
  readonly authoritative: boolean;
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
  /** Whether the answers may come in any order, so that clients who take the first one are spread. */
  readonly rotates?: boolean;
}

/** The answers begin with the `turn`-th, where their order does not matter. */
export function rotated(reply: Reply, turn: number): Reply {
  const { answers } = reply;
  const start = turn % Math.max(1, answers.length);
  return reply.rotates !== true || start === 0 ? reply : { ...reply, answers: [...answers.slice(start), ...answers.slice(0, start)] };
}

/** Answers that do not fit into `limit` bytes are left out and the message says so (TC); additional records are left out silently. */
export function writeReply(query: Query, reply: Reply, limit: number): Buffer {
  const writer = new Writer(query, limit - (query.edns === undefined ? 0 : optLength));
  writer.section(6, reply.answers, true);
  if (!writer.truncated) writer.section(8, reply.authorities, true);
  if (!writer.truncated) writer.section(10, reply.additionals, false);
  return writer.finish(reply);
}

/** An answer to something that is no readable query; undefined when it should not be answered at all. */
export function writeFormatError(bytes: Buffer): Buffer | undefined {
  if (bytes.length < headerLength || (bytes.readUInt16BE(2) & 0x8000) !== 0) return undefined;
  const reply = Buffer.alloc(headerLength);
  bytes.copy(reply, 0, 0, 2);
  reply.writeUInt16BE(0x8000 | (bytes.readUInt16BE(2) & 0x7900) | rcodes.FORMERR, 2);
  return reply;
}

const optLength = 11;
/** What is offered to clients: no fragments on any usual link. */
export const offeredUdpSize = 1232;

/** How long an answer over UDP may be. */
export function udpLimit(query: Query): number {
  return query.edns === undefined ? 512 : Math.min(offeredUdpSize, Math.max(512, query.edns.udpSize));
}

class Writer {
  truncated = false;
  readonly #query: Query;
  readonly #limit: number;
  readonly #names = new Map<string, number>();
  readonly #counts = new Map<number, number>();
  #buffer: Buffer;
  #at: number;

  constructor(query: Query, limit: number) {
    this.#query = query;
    this.#limit = limit;
    this.#buffer = Buffer.allocUnsafe(Math.min(limit + 512, 2048));
    query.bytes.copy(this.#buffer, 0, 0, query.questionEnd);
    this.#at = query.questionEnd;
    this.#remember(query.question.name);
  }

  section(countAt: number, records: readonly DnsRecord[], marks: boolean): void {
    let count = 0;
    for (const record of records) {
      const before = this.#at;
      this.#record(record);
      if (this.#at > this.#limit) {
        this.#at = before;
        for (const [name, at] of this.#names) if (at >= before) this.#names.delete(name);
        if (marks) this.truncated = true;
        break;
      }
      count++;
    }
    this.#counts.set(countAt, count);
  }

  finish(reply: Reply): Buffer {
    const { edns, opcode, recursionDesired, checkingDisabled } = this.#query;
    const flags =
      0x8080 |
      (opcode << 11) |
      (reply.authoritative ? 0x0400 : 0) |
      (this.truncated ? 0x0200 : 0) |
      (recursionDesired ? 0x0100 : 0) |
      (checkingDisabled ? 0x0010 : 0) |
      (reply.rcode & 0xf);
    this.#buffer.writeUInt16BE(flags, 2);
    this.#buffer.writeUInt16BE(1, 4);
    for (const at of [6, 8, 10]) this.#buffer.writeUInt16BE(this.#counts.get(at) ?? 0, at);
    if (edns !== undefined) {
      this.#room(optLength);
      this.#buffer.writeUInt16BE((this.#counts.get(10) ?? 0) + 1, 10);
      this.#buffer[this.#at] = 0;
      this.#buffer.writeUInt16BE(types.OPT, this.#at + 1);
      this.#buffer.writeUInt16BE(offeredUdpSize, this.#at + 3);
      this.#buffer.writeUInt32BE((((reply.rcode >> 4) << 24) | (edns.dnssecOk ? 0x8000 : 0)) >>> 0, this.#at + 5);
      this.#buffer.writeUInt16BE(0, this.#at + 9);
      this.#at += optLength;
    }
    return this.#buffer.subarray(0, this.#at);
  }

  #record({ name, ttl, data }: DnsRecord): void {
    if (name === undefined) this.#u16(0xc000 | headerLength);
    else this.#name(name);
    this.#u16(data.type);
    this.#u16(1);
    this.#u32(ttl);
    const lengthAt = this.#at;
    this.#u16(0);
    this.#data(data);
    this.#buffer.writeUInt16BE(this.#at - lengthAt - 2, lengthAt);
  }

  #data(data: RecordData): void {
    switch (data.type) {
      case types.A:
      case types.AAAA:
        this.#room(data.address.length);
        this.#buffer.set(data.address, this.#at);
        this.#at += data.address.length;
        return;
      case types.SRV:
        this.#u16(data.priority);
        this.#u16(data.weight);
        this.#u16(data.port);
        // RFC 2782: not compressed; c-ares refuses it otherwise.
        this.#name(data.target, false);
        return;
      case types.TXT:
        this.#room(256);
        this.#at = this.#buffer.writeUInt8(Math.min(255, data.text.length), this.#at);
        this.#at += this.#buffer.write(data.text, this.#at, 255, 'latin1');
        return;
      case types.SOA:
        this.#name(data.mname);
        this.#name(data.rname);
        this.#u32(data.serial);
        for (const time of data.times) this.#u32(time);
        return;
      default:
        this.#name(data.target);
    }
  }

  #name(name: string, compress = true): void {
    let rest = name;
    while (rest !== '') {
      const known = compress ? this.#names.get(rest) : undefined;
      if (known !== undefined) {
        this.#u16(0xc000 | known);
        return;
      }
      if (this.#at < 0x4000 && !this.#names.has(rest)) this.#names.set(rest, this.#at);
      const dot = rest.indexOf('.');
      const label = unescape(dot < 0 ? rest : rest.slice(0, dot));
      if (label.length > 63) throw new RangeError(`label too long in ${name}`);
      this.#room(label.length + 2);
      this.#at = this.#buffer.writeUInt8(label.length, this.#at);
      this.#at += this.#buffer.write(label, this.#at, 'latin1');
      rest = dot < 0 ? '' : rest.slice(dot + 1);
    }
    this.#room(1);
    this.#at = this.#buffer.writeUInt8(0, this.#at);
  }

  /** The question's name and its suffixes, as targets of pointers. */
  #remember(name: string): void {
    let at = headerLength;
    for (let rest = name; rest !== '';) {
      this.#names.set(rest, at);
      at += 1 + (this.#buffer[at] ?? 0);
      const dot = rest.indexOf('.');
      rest = dot < 0 ? '' : rest.slice(dot + 1);
    }
  }

  #u16(value: number): void {
    this.#room(2);
    this.#at = this.#buffer.writeUInt16BE(value, this.#at);
  }

  #u32(value: number): void {
    this.#room(4);
    this.#at = this.#buffer.writeUInt32BE(value, this.#at);
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe((this.#buffer.length + bytes) * 2);
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
  }
}

function unescape(label: string): string {
  return label.replace(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(Number(code)));
}
