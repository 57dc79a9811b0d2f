import { describe, expect, test } from '@jest/globals';
import type { Query, Reply } from './wire.ts';
import { MalformedMessage, rcodes, readName, readQuery, readRecords, types, udpLimit, writeFormatError, writeReply } from './wire.ts';

/** A question as a client sends it; `size`: with EDNS0. */
function ask(name: string, type: number, size?: number): Buffer {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  const opt = size === undefined ? [] : [Buffer.from([0, 0, 41, size >> 8, size & 0xff, 0, 0, 0, 0, 0, 0])];
  const header = Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, opt.length]);
  return Buffer.concat([header, ...labels, Buffer.from([0, type >> 8, type & 0xff, 0, 1]), ...opt]);
}

const query = (name: string, type: number = types.A, size?: number): Query => readQuery(ask(name, type, size));
const reply = (parts: Partial<Reply>): Reply => ({
  rcode: rcodes.NOERROR,
  authoritative: true,
  answers: [],
  authorities: [],
  additionals: [],
  ...parts,
});

describe('reading', () => {
  test('a question: names in lower case, EDNS', () => {
    expect(query('WeB.Default.svc', types.AAAA, 4096)).toMatchObject({
      id: 0x1234,
      opcode: 0,
      recursionDesired: true,
      question: { name: 'web.default.svc', type: types.AAAA, class: 1 },
      edns: { udpSize: 4096, version: 0, dnssecOk: false },
    });
    expect(query('a').edns).toBeUndefined();
  });

  test('dots and odd bytes inside of a label are escaped, not taken for separators', () => {
    expect(query('a').question.name).toBe('a');
    const bytes = Buffer.concat([Buffer.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), Buffer.from([3, 0x61, 0x2e, 0xff, 0, 0, 1, 0, 1])]);
    expect(readQuery(bytes).question.name).toBe('a\\046\\255');
  });

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['half a header', Buffer.alloc(11)],
    ['no question', Buffer.alloc(12)],
    [
      'two questions',
      Buffer.concat([Buffer.from([0, 1, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0]), Buffer.from([1, 97, 0, 0, 1, 0, 1, 1, 97, 0, 0, 1, 0, 1])]),
    ],
    ['a label beyond the end', Buffer.concat([ask('abc', 1).subarray(0, 12), Buffer.from([63, 97])])],
    ['a pointer to itself', Buffer.concat([ask('abc', 1).subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])])],
    ['a pointer forward', Buffer.concat([ask('abc', 1).subarray(0, 12), Buffer.from([0xc0, 40, 0, 1, 0, 1])])],
    ['an unknown label type', Buffer.concat([ask('abc', 1).subarray(0, 12), Buffer.from([0x80, 0, 0, 1, 0, 1])])],
    [
      'promises of 65535 records',
      Buffer.concat([Buffer.from([0, 1, 1, 0, 0, 1, 255, 255, 255, 255, 255, 255]), ask('abc', 1).subarray(12)]),
    ],
  ])('%s is malformed', (_, bytes) => {
    expect(() => readQuery(bytes)).toThrow(MalformedMessage);
  });

  test('a name of more than 255 bytes is malformed', () => {
    expect(() => query(Array.from({ length: 5 }, () => 'a'.repeat(60)).join('.'))).toThrow(MalformedMessage);
  });

  test('random bytes and damaged messages end in a question or MalformedMessage, quickly', () => {
    let seed = 7;
    const random = (): number => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) >> 8;
    const good = ask('web.default.svc.cluster.local', types.SRV, 1232);
    for (let round = 0; round < 20_000; round++) {
      const bytes = round % 2 === 0 ? Buffer.from(good) : Buffer.from(Array.from({ length: random() % 80 }, () => random() & 0xff));
      for (let changes = random() % 4; changes >= 0 && bytes.length > 0; changes--) bytes[random() % bytes.length] = random() & 0xff;
      try {
        readQuery(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedMessage);
      }
    }
  });
});

describe('writing', () => {
  test('the question comes back in the client’s own case and answers point to it', () => {
    const bytes = writeReply(
      query('WeB.x'),
      reply({ answers: [{ ttl: 5, data: { type: types.A, address: Uint8Array.of(10, 0, 0, 1) } }] }),
      512,
    );
    expect(bytes.includes('WeB')).toBe(true);
    expect(bytes.readUInt16BE(2)).toBe(0x8580);
    expect([...readRecords(bytes, 12 + 7 + 4)]).toEqual([expect.objectContaining({ type: types.A, dataLength: 4, section: 'answer' })]);
    expect([...bytes.subarray(-4)]).toEqual([10, 0, 0, 1]);
  });

  test('names are compressed against the question and each other, except SRV targets (RFC 2782)', () => {
    const pointer = (host: string): Reply['answers'][number] => ({ ttl: 5, data: { type: types.PTR, target: `${host}.web.default.svc` } });
    const service = { ttl: 5, data: { type: types.SRV, priority: 0, weight: 50, port: 80, target: 'a.web.default.svc' } } as const;
    const bytes = writeReply(
      query('_http._tcp.web.default.svc', types.SRV),
      reply({ answers: [pointer('a'), pointer('b'), service] }),
      512,
    );
    const [first, second, third] = [...readRecords(bytes, bytes.indexOf(Buffer.from([0, 0, 33, 0, 1])) + 5)];
    expect([first?.dataLength, second?.dataLength, third?.dataLength]).toEqual([4, 4, 6 + 'a.web.default.svc'.length + 2]);
    expect(readName(bytes, second?.dataAt ?? 0).name).toBe('b.web.default.svc');
    expect(readName(bytes, (third?.dataAt ?? 0) + 6).name).toBe('a.web.default.svc');
  });

  test('what does not fit is cut off between records and marked; with EDNS more fits', () => {
    const answers = Array.from(
      { length: 100 },
      (_, i) => ({ ttl: 5, data: { type: types.A, address: Uint8Array.of(10, 0, 0, i) } }) as const,
    );
    const small = writeReply(query('a'), reply({ answers }), udpLimit(query('a')));
    expect(small.length).toBeLessThanOrEqual(512);
    expect(small.readUInt16BE(2) & 0x0200).toBe(0x0200);
    expect([...readRecords(small, 19)]).toHaveLength(small.readUInt16BE(6));
    const edns = query('a', types.A, 4096);
    const large = writeReply(edns, reply({ answers }), udpLimit(edns));
    expect(large.length).toBeLessThanOrEqual(1232);
    expect(large.readUInt16BE(6)).toBeGreaterThan(small.readUInt16BE(6));
    const whole = writeReply(query('a'), reply({ answers }), 65_535);
    expect([whole.readUInt16BE(6), whole.readUInt16BE(2) & 0x0200]).toEqual([100, 0]);
  });

  test('a client with EDNS gets EDNS back, with the high bits of the code', () => {
    const bytes = writeReply(query('a', types.A, 512), reply({ rcode: rcodes.BADVERS }), 512);
    expect(bytes.readUInt16BE(2) & 0xf).toBe(0);
    expect([...readRecords(bytes, 19)]).toEqual([expect.objectContaining({ type: types.OPT, class: 1232 })]);
    expect(bytes[bytes.length - 6]).toBe(1);
  });

  test('unreadable questions get a format error, answers and scraps get nothing', () => {
    expect(writeFormatError(Buffer.from([9, 8, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0]))?.readUInt16BE(2)).toBe(0x8101);
    expect(writeFormatError(Buffer.from([9, 8, 0x81, 0, 0, 2, 0, 0, 0, 0, 0, 0]))).toBeUndefined();
    expect(writeFormatError(Buffer.alloc(5))).toBeUndefined();
  });
});
