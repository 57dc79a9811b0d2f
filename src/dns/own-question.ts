/** Questions of the server's own, asked on behalf of a client about another name. */
import type { Request } from './handler.ts';
import { ttl } from './records.ts';
import type { DnsRecord } from './wire.ts';
import { readName, readRecords, types } from './wire.ts';

/** A question of our own, as if a client had sent it. */
export function askFor(name: string, type: number): Request['query'] {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.from([label.length & 0x3f]), Buffer.from(label, 'latin1')]));
  const tail = Buffer.alloc(5);
  tail.writeUInt16BE(type, 1);
  tail.writeUInt16BE(1, 3);
  const bytes = Buffer.concat([Buffer.from([0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), ...labels, tail]);
  return {
    id: 0,
    opcode: 0,
    recursionDesired: true,
    checkingDisabled: false,
    question: { name, type, class: 1 },
    edns: undefined,
    bytes,
    questionEnd: bytes.length,
  };
}

/** The address records of one type and the aliases in a message. */
export function recordsOf(message: Buffer, type: number): DnsRecord[] {
  const found: DnsRecord[] = [];
  let at = readName(message, 12).end + 4;
  for (const place of readRecords(message, at)) {
    const { name } = readName(message, at);
    at = place.dataAt + place.dataLength;
    if (place.section !== 'answer') continue;
    const lifetime = Math.min(ttl * 6, message.readUInt32BE(place.ttlAt));
    if (place.type === types.CNAME)
      found.push({ name, ttl: lifetime, data: { type: types.CNAME, target: readName(message, place.dataAt).name } });
    else if (place.type === type && (type === types.A || type === types.AAAA)) {
      found.push({ name, ttl: lifetime, data: { type, address: message.subarray(place.dataAt, at) } });
    }
  }
  return found;
}
