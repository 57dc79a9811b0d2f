/** Rules for names and values against what upstream says to one set of texts. */
import { describe, expect, test } from '@jest/globals';

/** What a rule says to each of {@link texts}: those it lets pass, those whose faults are known to the word, and faults of some sort for all others. */
export interface NameRule {
  readonly faults: (text: string) => string[];
  readonly good: readonly string[];
  readonly exactly: readonly [string, string[]][];
}

const texts = [
  ...['a', 'a-b', 'a.b', 'A', '-a', 'a-', '', 'é', 'a'.repeat(63), 'a'.repeat(64), 'a..b', '1a', 'a_b', 'example.com/Name', '/x', 'x/'],
  ...['a/b/c', 'my.name', '_a', '*.a.b', '*', '..a', '.', '..', 'a=b', 'HELLO', 'x y', '50%', 'http', 'a--b', '12345'],
  'toolongportname1',
];

export function testNameRules(rules: readonly NameRule[]): void {
  describe.each(rules)('$faults.name', ({ faults, good, exactly }) => {
    const said = new Set([...good, ...exactly.map(([text]) => text)]);
    test('is asked about the texts', () => expect([...said].filter((text) => !texts.includes(text))).toEqual([]));
    test.each([...good])('%j is fine', (text) => expect(faults(text)).toEqual([]));
    test.each(texts.filter((text) => !said.has(text)))('%j is not', (text) => expect(faults(text)).not.toEqual([]));
    test.each(exactly)('%j', (text, expected) => expect(faults(text)).toEqual(expected));
  });
}
