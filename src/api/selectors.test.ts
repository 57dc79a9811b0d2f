import { describe, expect, test } from '@jest/globals';
import { ApiError } from './errors.ts';
import {
  escapeFieldValue,
  formatLabelSelector,
  labelSelectorMatcher,
  labelSelectorText,
  labelsText,
  parseFieldSelector,
  parseLabelSelector,
  pinnedField,
} from './selectors.ts';

/** Text, and what apimachinery's labels.Parse of 1.36.3 makes of it (`E ` begins an error). */
const labelCases: [string, string][] = [
  ['', ''],
  ['a', 'a'],
  ['!a', '!a'],
  ['a=b', 'a=b'],
  ['a==b', 'a==b'],
  ['a!=b', 'a!=b'],
  ['a in (b)', 'a in (b)'],
  ['a in (c,b,b)', 'a in (b,c)'],
  ['a in ()', 'a in ()'],
  ['a in (,)', 'a in ()'],
  ['a in (b,,c)', 'a in (,b,c)'],
  ['a notin (in,notin)', 'a notin (in,notin)'],
  ['in in (in)', 'in in (in)'],
  ['a,b=c,!d', 'a,b=c,!d'],
  ['a=', 'a='],
  ['a=,b', 'a=,b'],
  ['a>5', 'a>5'],
  ['a<x', "E unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer"],
  ['a=b=c', "E found '=', expected: ',' or 'end of string'"],
  ['a b', "E unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
  ['a in b', "E unable to parse requirement: found 'b' expected: '('"],
  ['a,', "E found '', expected: identifier after ','"],
  ['(', "E found '(', expected: !, identifier, or 'end of string'"],
  ['a in (b', "E unable to parse requirement: found '', expected: ',' or ')'"],
  ['=', "E found '=', expected: !, identifier, or 'end of string'"],
  [
    'a=é',
    "E unable to parse requirement: values[0][a]: Invalid value: \"é\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
  ],
  [
    '-a',
    "E unable to parse requirement: <nil>: Invalid value: \"-a\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
  ],
  [
    'x/y/z',
    "E unable to parse requirement: <nil>: Invalid value: \"x/y/z\": a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
  ],
  ['!a=b', "E found '=', expected: ',' or 'end of string'"],
  ['!', "E unable to parse requirement: found '', expected: identifier"],
  ['a!', "E unable to parse requirement: found '!', expected: in, notin, =, ==, !=, gt, lt"],
  ['a===b', "E unable to parse requirement: found '=', expected: identifier"],
  ['!!a', "E unable to parse requirement: found '!', expected: identifier"],
  ['a in (b c)', "E unable to parse requirement: found 'c', expected: ',' or ')'"],
  ['z=1,a=2', 'a=2,z=1'],
  ['a!==b', "E unable to parse requirement: found '=', expected: identifier"],
  ['a in (b)c', "E found 'c', expected: ',' or 'end of string'"],
  ['a=(b)', "E unable to parse requirement: found '(', expected: identifier"],
  ['a !in (b)', "E unable to parse requirement: found '!', expected: in, notin, =, ==, !=, gt, lt"],
  ['a=b,,c', "E found ',', expected: identifier after ','"],
  [' a = b ', 'a=b'],
  ['a>', "E unable to parse requirement: values[0]: Invalid value: \"\": for 'Gt', 'Lt' operators, the value must be an integer"],
  ['gt=1', 'gt=1'],
];

/** The same for fields.ParseSelector. */
const fieldCases: [string, string][] = [
  ['', ''],
  ['a=b', 'a=b'],
  ['a==b', 'a=b'],
  ['=,a=b', 'a=b'],
  ['a!=b,c=d', 'a!=b,c=d'],
  ['a', "E invalid selector: 'a'; can't understand 'a'"],
  ['a=b,c', "E invalid selector: 'a=b,c'; can't understand 'c'"],
  ['a=b\\,c', 'a=b\\,c'],
  ['a=b=c', 'E invalid field selector: unescaped character in value: 61'],
  ['a=\\x', 'E invalid field selector: invalid escape sequence: \\x'],
  ['a=b\\', 'E invalid field selector: invalid escape sequence: \\'],
  ['a=,b=', 'a=,b='],
  ['metadata.name=x,', 'metadata.name=x'],
  ['=a', '=a'],
];

function outcome(run: () => string): string {
  try {
    return run();
  } catch (error) {
    expect(error).toBeInstanceOf(ApiError);
    expect((error as ApiError).code).toBe(400);
    return `E ${(error as ApiError).message}`;
  }
}

test.each(labelCases)('label selector %j', (text, expected) => {
  expect(outcome(() => formatLabelSelector(parseLabelSelector(text)))).toBe(expected);
});

test.each(fieldCases)('field selector %j', (text, expected) => {
  const format = (): string =>
    parseFieldSelector(text)
      .map(({ field, operator, value }) => field + operator + escapeFieldValue(value))
      .join(',');
  expect(outcome(format)).toBe(expected);
});

describe('matching', () => {
  test.each<[string, Record<string, string> | undefined, boolean]>([
    ['a=b', { a: 'b' }, true],
    ['a=b', { a: 'c' }, false],
    ['a=b', undefined, false],
    ['a!=b', undefined, true],
    ['a!=b', { a: 'c' }, true],
    ['a!=b', { a: 'b' }, false],
    ['a in (b,c)', { a: 'c' }, true],
    ['a in (b,c)', {}, false],
    ['a notin (b,c)', {}, true],
    ['a', { a: '' }, true],
    ['!a', { a: '' }, false],
    ['a>5', { a: '10' }, true],
    ['a>5', { a: '5' }, false],
    ['a<5', { a: 'x' }, false],
    ['a=b,c', { a: 'b' }, false],
    ['a=', { a: '' }, true],
  ])('%s on %j', (text, labels, expected) => {
    expect(labelSelectorMatcher(text)?.(labels)).toBe(expected);
  });

  test('nothing asked selects everything', () => {
    expect(labelSelectorMatcher('')).toBeUndefined();
    expect(labelSelectorMatcher(undefined)).toBeUndefined();
  });
});

test('selector objects as text', () => {
  const selector = {
    matchLabels: { z: '1', a: '2' },
    matchExpressions: [
      { key: 'm', operator: 'In', values: ['y', 'x'] },
      { key: 'n', operator: 'DoesNotExist' },
    ],
  };
  expect(labelSelectorText(selector)).toBe('a=2,m in (x,y),!n,z=1');
  expect(labelSelectorText(undefined)).toBe('');
  expect(labelsText({ b: '1', a: '2' })).toBe('a=2,b=1');
});

test('a pinned field is one that must have one value', () => {
  expect(pinnedField(parseFieldSelector('metadata.name=x,a=b'), 'metadata.name')).toBe('x');
  expect(pinnedField(parseFieldSelector('metadata.name!=x'), 'metadata.name')).toBeUndefined();
});
