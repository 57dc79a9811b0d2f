import { describe, expect, test } from '@jest/globals';
import { CachedEntry } from './entry.ts';
import { Lists } from './lists.ts';
import { StoredConversions } from './stored-form.ts';

const conversions = new StoredConversions();

describe('lists of namespaces', () => {
  const tree = new Map<string, CachedEntry>();
  let made = 0;
  const lists = new Lists((namespace) => {
    made += 1;
    const all = [...tree.values()].filter((entry) => namespace === '' || entry.namespace === namespace);
    return all.sort((a, b) => (a.key < b.key ? -1 : 1));
  });
  const write = (namespace: string, name: string, revision: number): void => {
    const key = `/registry/pods/${namespace}/${name}`;
    const entry = new CachedEntry(key, { namespace, name }, { value: Buffer.from('{}'), revision, conversions });
    tree.set(key, entry);
    lists.changed(namespace, { key, entry });
  };
  const remove = (namespace: string, name: string): void => {
    const key = `/registry/pods/${namespace}/${name}`;
    tree.delete(key);
    lists.changed(namespace, { key, entry: undefined });
  };
  const shown = (entries: readonly CachedEntry[]): string =>
    entries.map(({ namespace, name, revision }) => `${namespace}/${name}@${revision}`).join(' ');
  const even = ({ revision }: CachedEntry): boolean => revision % 2 === 0;
  const evens = (): readonly CachedEntry[] => lists.chosen(lists.of('a'), { namespace: 'a', text: 'even' }, even);

  test('are the same until something changes, and then another, made from the one before', () => {
    write('a', 'x', 1);
    write('a', 'y', 2);
    write('b', 'x', 3);
    const first = lists.of('a');
    expect(shown(first)).toBe('a/x@1 a/y@2');
    expect(lists.of('a')).toBe(first);
    expect(shown(lists.of(''))).toBe('a/x@1 a/y@2 b/x@3');
    expect(shown(evens())).toBe('a/y@2');
    expect(evens()).toBe(evens());
    const times = made;
    write('a', 'xx', 4);
    write('a', 'y', 5);
    remove('a', 'x');
    remove('a', 'never');
    expect(shown(lists.of('a'))).toBe('a/xx@4 a/y@5');
    expect(shown(evens())).toBe('a/xx@4');
    expect(shown(lists.of(''))).toBe('a/xx@4 a/y@5 b/x@3');
    expect(shown(first)).toBe('a/x@1 a/y@2');
    expect(made).toBe(times);
  });

  test('are made anew after many changes', () => {
    const times = made;
    for (let at = 0; at < 1000; at += 1) write('a', `n${String(at)}`, at);
    expect(lists.of('a')).toHaveLength(1002);
    expect(lists.of('')).toHaveLength(1003);
    expect(made).toBe(times + 2);
    expect(evens().every(even)).toBe(true);
  });

  test('a selector looks through what is not the present list itself', () => {
    const before = lists.of('a');
    write('a', 'z', 2000);
    expect(lists.chosen(before, { namespace: 'a', text: 'even' }, even)).not.toContainEqual(expect.objectContaining({ name: 'z' }));
    expect(shown(evens())).toContain('a/z@2000');
  });
});
