import { describe, expect, test } from '@jest/globals';
import { unifiedDiff } from './unified-diff.ts';

const lines = (...all: (string | number)[]): string => all.join('\n');

describe('unified diff', () => {
  test('of equal texts is empty', () => expect(unifiedDiff('a\nb', 'a\nb')).toBe(''));

  test('shows three lines around a change', () =>
    expect(unifiedDiff(lines(1, 2, 3, 4, 5, 6, 7, 8, 9), lines(1, 2, 3, 4, 'x', 6, 7, 8, 9))).toBe(
      '@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n',
    ));

  test('has a hunk for each change that is far from the others', () => {
    const old = Array.from({ length: 20 }, (_, index) => `line ${String(index)}`);
    const now = old.map((line, index) => (index === 2 || index === 17 ? 'changed' : line));
    expect(unifiedDiff(old.join('\n'), now.join('\n')).match(/^@@.*@@$/gm)).toEqual(['@@ -1,6 +1,6 @@', '@@ -15,6 +15,6 @@']);
  });

  test('names an empty range by the line before it', () => expect(unifiedDiff('a', 'a\nb')).toBe('@@ -1 +1,2 @@\n a\n+b\n'));

  test('in long texts does not begin a match at lines that are everywhere', () => {
    const filler = Array.from({ length: 210 }, () => 'null');
    const diff = unifiedDiff(lines('a', ...filler, 'b'), lines('c', ...filler, 'b'));
    expect(diff).toBe('@@ -1,4 +1,4 @@\n-a\n+c\n null\n null\n null\n');
  });
});
