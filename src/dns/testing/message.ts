/** Questions as clients write them and answers as `dig` shows them, for tests. */
import { createSocket } from 'node:dgram';
import ipaddr from 'ipaddr.js';
import { rcodes, readName, readRecords, types } from '../wire.ts';

export interface QuestionOptions {
  readonly id?: number;
  /** Adds EDNS with this size. */
  readonly udpSize?: number;
}

/** A question with recursion desired. */
export function question(name: string, type: number, { id = 1, udpSize }: QuestionOptions = {}): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  const opt = udpSize === undefined ? [] : [0, 0, 41, udpSize >> 8, udpSize & 255, 0, 0, 0, 0, 0, 0];
  return Buffer.concat([
    Buffer.from([id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, udpSize === undefined ? 0 : 1]),
    ...labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')])),
    Buffer.from([0, type >> 8, type & 255, 0, 1, ...opt]),
  ]);
}

export interface Shown {
  readonly rcode: string;
  /** `aa`, `tc`, `ra` */
  readonly flags: readonly string[];
  /** `NAME TTL TYPE DATA`, sorted. */
  readonly answers: readonly string[];
  readonly authorities: readonly string[];
  readonly additionals: readonly string[];
}

const typeNames = new Map<number, string>(Object.entries(types).map(([name, number]) => [number, name]));

export function show(message: Buffer): Shown {
  const flags = message.readUInt16BE(2);
  const lines = { answer: [] as string[], authority: [] as string[], additional: [] as string[] };
  let at = readName(message, 12).end + 4;
  for (const record of readRecords(message, at)) {
    const { name } = readName(message, at);
    at = record.dataAt + record.dataLength;
    if (record.type === types.OPT) continue;
    const data = dataText(message, record);
    lines[record.section].push(
      `${name} ${String(message.readUInt32BE(record.ttlAt))} ${typeNames.get(record.type) ?? String(record.type)} ${data}`,
    );
  }
  return {
    rcode: Object.entries(rcodes).find(([, number]) => number === (flags & 0xf))?.[0] ?? String(flags & 0xf),
    flags: [
      ...((flags & 0x0400) !== 0 ? ['aa'] : []),
      ...((flags & 0x0200) !== 0 ? ['tc'] : []),
      ...((flags & 0x0080) !== 0 ? ['ra'] : []),
    ],
    answers: lines.answer.sort(),
    authorities: lines.authority.sort(),
    additionals: lines.additional.sort(),
  };
}

function dataText(
  message: Buffer,
  { type, dataAt, dataLength }: { readonly type: number; readonly dataAt: number; readonly dataLength: number },
): string {
  const bytes = message.subarray(dataAt, dataAt + dataLength);
  switch (type) {
    case types.A:
    case types.AAAA:
      return ipaddr.fromByteArray([...bytes]).toString();
    case types.SRV:
      return `${[0, 2, 4].map((at) => bytes.readUInt16BE(at)).join(' ')} ${readName(message, dataAt + 6).name}`;
    case types.TXT:
      return JSON.stringify(bytes.toString('latin1', 1, 1 + (bytes[0] ?? 0)));
    case types.SOA: {
      const mname = readName(message, dataAt);
      const rname = readName(message, mname.end);
      const numbers = [0, 4, 8, 12, 16].map((offset) => message.readUInt32BE(rname.end + offset));
      return `${mname.name} ${rname.name} ${numbers.join(' ')}`;
    }
    case types.CNAME:
    case types.PTR:
    case types.NS:
      return readName(message, dataAt).name;
    default:
      return bytes.toString('hex');
  }
}

/** Asks over UDP; rejects when nothing comes back in two seconds. */
export function ask(port: number, message: Buffer, host = '127.0.0.1'): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    const timer = setTimeout(() => (socket.close(), reject(new Error('no answer'))), 2000);
    socket.on('message', (answer) => {
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    });
    socket.send(message, port, host);
  });
}
