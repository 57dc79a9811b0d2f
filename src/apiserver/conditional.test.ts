import { describe, expect, test } from '@jest/globals';
import { wanted } from './conditional.ts';

const modifiedMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const entity = { etag: '"A"', modifiedMs, length: 10 };
const that = new Date(modifiedMs).toUTCString();
const before = new Date(modifiedMs - 1000).toUTCString();

describe('conditions', () => {
  test.each([
    [{}, 'whole'],
    [{ 'if-none-match': '"A"' }, 'unchanged'],
    [{ 'if-none-match': '"B", W/"A"' }, 'unchanged'],
    [{ 'if-none-match': '*' }, 'unchanged'],
    [{ 'if-none-match': '"B"', 'if-modified-since': that }, 'whole'],
    [{ 'if-none-match': 'A' }, 'whole'],
    [{ 'if-modified-since': that }, 'unchanged'],
    [{ 'if-modified-since': before }, 'whole'],
    [{ 'if-modified-since': 'yesterday' }, 'whole'],
    [{ 'if-match': '"A"' }, 'whole'],
    [{ 'if-match': 'W/"A"' }, 'precondition failed'],
    [{ 'if-match': '"B"' }, 'precondition failed'],
    [{ 'if-unmodified-since': before }, 'precondition failed'],
    [{ 'if-unmodified-since': that }, 'whole'],
  ])('%j: %s', (headers, answer) => expect(wanted('GET', headers, entity)).toBe(answer));

  test('what has no tag is never the same', () =>
    expect(wanted('GET', { 'if-none-match': '"A"' }, { ...entity, etag: undefined })).toBe('whole'));

  test('other methods than reads do not get less for what they know', () =>
    expect(wanted('POST', { 'if-none-match': '"A"' }, entity)).toBe('precondition failed'));
});

describe('ranges', () => {
  test.each([
    ['bytes=0-3', { from: 0, to: 4 }],
    ['bytes=4-', { from: 4, to: 10 }],
    ['bytes=-4', { from: 6, to: 10 }],
    ['bytes=-40', { from: 0, to: 10 }],
    ['bytes=2-99', { from: 2, to: 10 }],
    ['bytes=10-', 'out of range'],
    ['bytes=3-2', 'out of range'],
    ['lines=0-3', 'out of range'],
    ['bytes=0-1,3-4', 'whole'],
  ])('%s', (range, answer) => expect(wanted('GET', { range }, entity)).toEqual(answer));

  test('only of the document that is meant', () => {
    const range = 'bytes=0-3';
    expect(wanted('GET', { range, 'if-range': '"A"' }, entity)).toEqual({ from: 0, to: 4 });
    expect(wanted('GET', { range, 'if-range': '"B"' }, entity)).toBe('whole');
    expect(wanted('GET', { range, 'if-range': that }, entity)).toEqual({ from: 0, to: 4 });
    expect(wanted('GET', { range, 'if-range': before }, entity)).toBe('whole');
  });
});
