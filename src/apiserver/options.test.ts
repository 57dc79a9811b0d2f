import { describe, expect, test } from '@jest/globals';
import { deleteParameters, listParameters, writeParameters } from './options.ts';

const query = (text: string): URLSearchParams => new URLSearchParams(text);

describe('options of writes', () => {
  test('defaults and values', () => {
    expect(writeParameters(query(''), 'CreateOptions')).toEqual({
      dryRun: false,
      fieldManager: '',
      fieldValidation: 'Warn',
      force: undefined,
    });
    expect(writeParameters(query('dryRun=All&fieldManager=m&fieldValidation=Strict'), 'CreateOptions')).toMatchObject({
      dryRun: true,
      fieldManager: 'm',
      fieldValidation: 'Strict',
    });
  });

  test.each([
    ['fieldValidation=x', '', 'fieldValidation: Unsupported value: "x": supported values: "", "Ignore", "Strict", "Warn"'],
    ['force=true', 'application/merge-patch+json', 'force: Forbidden: may not be specified for non-apply patch'],
    ['', 'application/apply-patch+yaml', 'fieldManager: Required value: is required for apply patch'],
    [`fieldManager=${'x'.repeat(129)}`, '', 'fieldManager: Too long: may not be more than 128 bytes'],
    ['fieldManager=a%07', '', 'invalid character U+0007 (at position 1)'],
  ])('%s %s', (text, type, message) => {
    expect(() => writeParameters(query(text), 'PatchOptions', type)).toThrow(message);
  });
});

describe('options of lists and watches', () => {
  test.each([
    ['watch=1&continue=x', 'resourceVersionMatch is forbidden when continue is provided'],
    ['resourceVersionMatch=Exact', 'resourceVersionMatch is forbidden unless resourceVersion is provided'],
    ['resourceVersionMatch=Exact&resourceVersion=0', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'],
    ['sendInitialEvents=true', 'sendInitialEvents is forbidden for list'],
    ['watch=1&sendInitialEvents=true', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'],
    ['watch=1&resourceVersionMatch=NotOlderThan', 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'],
    ['limit=x', 'strconv.ParseInt: parsing "x": invalid syntax'],
  ])('%s', (text, message) => {
    expect(() => listParameters(query(text))).toThrow(message);
  });
});

test.each([
  ['watch=1', true],
  ['watch=true&resourceVersion=0', true],
  ['watch=1&resourceVersion=5', undefined],
  ['watch=1&sendInitialEvents=0&resourceVersionMatch=NotOlderThan', false],
  ['', undefined],
])('a watch from anywhere shows what is there first: %s', (text, expected) => {
  expect(listParameters(query(text)).sendInitialEvents).toBe(expected);
});

describe('options of deletes', () => {
  test('of the body or the query', () => {
    expect(deleteParameters(undefined, query('gracePeriodSeconds=0&propagationPolicy=Foreground'))).toEqual({
      gracePeriodSeconds: 0,
      propagationPolicy: 'Foreground',
    });
    const body = { kind: 'DeleteOptions', apiVersion: 'apps/v1', preconditions: { uid: 'u' }, dryRun: ['All'] };
    expect(deleteParameters(body, query(''))).toEqual({ dryRun: true, preconditions: { uid: 'u' } });
  });

  test('refuses', () => {
    expect(() => deleteParameters({ orphanDependents: true, propagationPolicy: 'Orphan' }, query(''))).toThrow(
      'orphanDependents and deletionPropagation cannot be both set',
    );
    expect(() => deleteParameters({ propagationPolicy: 'x' }, query(''))).toThrow('Unsupported value: "x"');
  });
});
