import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../../base/clock.ts';
import { openMemory } from '../../../storage/memory/memory.ts';
import type { SharedValues } from '../../deps.ts';
import { PortAllocator } from './node-ports.ts';
import { bitsOf, dataOf, readAllocation, SharedPortBits } from './shared-ports.ts';

const range = { first: 30_000, last: 32_767 };
const key = '/registry/ranges/servicenodeports';
const server = (values: SharedValues): PortAllocator => new PortAllocator(range, new SharedPortBits(values, range));

describe('the value', () => {
  test('is a number’s bytes, the highest first', () => {
    expect([...dataOf(new Set([0, 9]))]).toEqual([2, 1]);
    expect([...bitsOf(Buffer.from([2, 1]))].sort()).toEqual([0, 9]);
    expect(dataOf(new Set())).toHaveLength(0);
  });

  test('is read as upstream writes it: as protobuf too', () => {
    const message = Buffer.from(
      '6b3873000a150a02763112' +
        '0f52616e6765416c6c6f636174696f6e' +
        '1213' +
        '0a00' +
        '120b33303030302d3332373637' +
        '1a020201' +
        '1a002200',
      'hex',
    );
    expect(readAllocation(message)).toEqual({ range: '30000-32767', data: Buffer.from([2, 1]) });
    const text = '{"kind":"RangeAllocation","apiVersion":"v1","metadata":{},"range":"30000-32767","data":"AgE="}\n';
    expect(readAllocation(Buffer.from(text))).toEqual({ range: '30000-32767', data: Buffer.from([2, 1]) });
  });
});

describe('servers on one store', () => {
  test('never give one port twice', async () => {
    await using storage = openMemory({ clock: new FakeClock() });
    const servers = [server(storage), server(storage), server(storage)];
    const ports = await Promise.all(Array.from({ length: 60 }, (_, at) => (servers[at % 3] as PortAllocator).next()));
    expect(new Set(ports).size).toBe(60);
    await expect(servers[0]?.take(ports[1] ?? 0)).rejects.toThrow('provided port is already allocated');
    await servers[1]?.release(ports);
    const { value = Buffer.alloc(0) } = (await storage.get(key)) ?? {};
    expect(readAllocation(value)).toEqual({ range: '30000-32767', data: Buffer.alloc(0) });
  });

  test('reading writes nothing', async () => {
    await using storage = openMemory({ clock: new FakeClock() });
    const one = server(storage);
    await one.take(30_005);
    const before = (await storage.get(key))?.modRevision;
    expect(await one.has(30_005)).toBe(true);
    await one.release([30_777]);
    expect((await storage.get(key))?.modRevision).toBe(before);
  });

  test('what no Service has twice in a row is free again', async () => {
    await using storage = openMemory({ clock: new FakeClock() });
    const one = server(storage);
    await one.take(30_005);
    const leaked = await one.reconcile([30_006, 99]);
    expect([...leaked]).toEqual([5]);
    expect([await one.has(30_005), await one.has(30_006)]).toEqual([true, true]);
    expect([...(await one.reconcile([30_006], leaked))]).toEqual([]);
    expect([await one.has(30_005), await one.has(30_006)]).toEqual([false, true]);
  });
});
