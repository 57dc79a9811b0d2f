import { expect, test } from '@jest/globals';
import type { StoredMeta } from '../api/object.ts';
import { MadeEntry } from '../registry/made-entry.ts';
import { sharedList, sharedMessages } from './shared-list.ts';

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

test('messages are side by side, and known by the same array', () => {
  const message = (entry: { readonly json: Buffer }): Buffer => entry.json.subarray(1);
  const list = sharedMessages(entries, message);
  expect(Buffer.concat(list.parts)).toEqual(Buffer.concat(entries.map(message)));
  expect(list).toHaveLength(Buffer.concat(list.parts).length);
  expect(sharedMessages(entries, message)).toBe(list);
  expect(sharedList(entries)).not.toBe(list);
});
