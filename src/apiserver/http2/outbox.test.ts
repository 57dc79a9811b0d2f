import { describe, expect, test } from '@jest/globals';
import { flag, frameType } from './frames.ts';
import { Outbox, SpareBuffers } from './outbox.ts';

describe('what a connection sends', () => {
  test('heads, texts and bytes stand in their order, however much there is', () => {
    const outbox = new Outbox(new SpareBuffers());
    const expected: Buffer[] = [];
    for (let n = 1; n < 40; n++) {
      const bytes = Buffer.alloc(n * 100, n);
      outbox.frame({ type: frameType.headers, flags: flag.endHeaders, stream: n }, 2, 'é~');
      outbox.frame({ type: frameType.data, flags: 0, stream: n }, bytes.length);
      outbox.add(bytes);
      expected.push(Buffer.from([0, 0, 2, 1, 4, 0, 0, 0, n, 0xe9, 0x7e]));
      expected.push(Buffer.from([0, bytes.length >> 8, bytes.length & 0xff, 0, 0, 0, 0, 0, n]), bytes);
    }
    const all = Buffer.concat(expected);
    expect(outbox.length).toBe(all.length);
    expect(outbox.take().bytes.equals(all)).toBe(true);
    expect(outbox.length).toBe(0);
  });

  test('bytes on their way are not written over; those that have gone are', () => {
    const outbox = new Outbox(new SpareBuffers());
    const sent = ['first', 'second', 'third'].map((text, at) => {
      outbox.add(Buffer.from(text));
      const batch = outbox.take();
      if (at === 1) batch.written();
      return batch.bytes;
    });
    expect(sent[0]?.toString()).toBe('first');
    expect(sent[2]?.toString()).toBe('third');
    expect(sent[2]?.buffer).toBe(sent[1]?.buffer);
  });

  test('bytes of a write that failed are left alone', () => {
    const outbox = new Outbox(new SpareBuffers());
    outbox.add(Buffer.from('lost'));
    const { bytes, written } = outbox.take();
    written(new Error('gone'));
    outbox.add(Buffer.from('next'));
    expect(outbox.take().bytes.buffer).not.toBe(bytes.buffer);
  });
});

describe('spare buffers', () => {
  test('one of about the size is found again, a much larger one is not', () => {
    const spare = new SpareBuffers();
    const small = spare.take(1);
    const large = spare.take(200_000);
    spare.give(large);
    spare.give(small);
    expect(spare.take(10_000)).toBe(small);
    expect(spare.take(10_000)).not.toBe(large);
    expect(spare.take(150_000)).toBe(large);
  });

  test('only so many lie ready', () => {
    const spare = new SpareBuffers();
    const buffers = Array.from({ length: 12 }, () => spare.take(250_000));
    for (const buffer of buffers) spare.give(buffer);
    const again = Array.from({ length: 12 }, () => spare.take(250_000));
    expect(again.filter((buffer) => buffers.includes(buffer))).toHaveLength(8);
  });
});
