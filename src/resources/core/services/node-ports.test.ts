import { describe, expect, test } from '@jest/globals';
import { PortAllocator, PortOperation } from './node-ports.ts';

const pool = (first = 30_000, last = 30_099): PortAllocator => new PortAllocator({ first, last }, undefined, () => 0);

describe('the pool', () => {
  test('gives the upper part first, then the lower, then nothing', async () => {
    const ports = pool(30_000, 30_019);
    expect(await ports.next()).toBe(30_016);
    for (let count = 0; count < 3; count += 1) await ports.next();
    expect(await ports.next()).toBe(30_000);
    for (let count = 0; count < 15; count += 1) await ports.next();
    await expect(ports.next()).rejects.toMatchObject({ message: 'range is full', full: true });
    await ports.release([30_003, 99]);
    expect(await ports.next()).toBe(30_003);
  });

  test('refuses what is taken or beyond it', async () => {
    const ports = pool();
    await ports.take(30_000);
    await expect(ports.take(30_000)).rejects.toThrow('provided port is already allocated');
    await expect(ports.take(29_999)).rejects.toThrow('provided port is not in the valid range. The range of valid ports is 30000-30099');
  });
});

describe('a write', () => {
  test('that fails gives back what it took, and keeps what it would have released', async () => {
    const ports = pool();
    await ports.take(30_000);
    const write = new PortOperation(ports, false);
    await write.take(30_001);
    write.releaseLater([30_000]);
    await write.rollback();
    expect([await ports.has(30_000), await ports.has(30_001)]).toEqual([true, false]);
  });

  test('that is done releases', async () => {
    const ports = pool();
    await ports.take(30_000);
    const write = new PortOperation(ports, false);
    const taken = await write.next();
    write.releaseLater([30_000]);
    await write.commit();
    expect([await ports.has(30_000), await ports.has(taken)]).toEqual([false, true]);
  });

  test('in a dry run takes nothing: numbers are made up, those asked for must be free', async () => {
    const ports = pool();
    await ports.take(30_000);
    const write = new PortOperation(ports, true);
    expect([await write.next(), await write.next()]).toEqual([32_769, 32_770]);
    await expect(write.take(30_000)).rejects.toThrow('provided port is already allocated');
    await write.take(99);
    await expect(write.take(99)).rejects.toThrow('provided port is already allocated');
    await write.commit();
    expect([await ports.has(30_000), await ports.has(99)]).toEqual([true, false]);
  });
});
