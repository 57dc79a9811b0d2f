import { expect, test } from '@jest/globals';
import type { StoredMeta } from '../api/object.ts';
import { MadeEntry } from '../registry/made-entry.ts';
import { sharedList } from './shared-list.ts';

const entries = ['a', 'b', 'c'].map(
  (name, at) =>
    new MadeEntry({ namespace: '', name }, at + 1, { metadata: { name, namespace: '', uid: '', creationTimestamp: '' } as StoredMeta }),
);

test('objects with commas between, and their length', () => {
  const { parts, length } = sharedList(entries);
  const text = Buffer.concat(parts).toString();
  expect(text).toBe(entries.map(({ json }) => json.toString()).join(','));
  expect(length).toBe(text.length);
  expect(sharedList([])).toMatchObject({ parts: [], length: 0 });
});

test('the same array is put together once, another one anew', () => {
  expect(sharedList(entries)).toBe(sharedList(entries));
  expect(sharedList([...entries])).not.toBe(sharedList(entries));
});
