import { expect, test } from '@jest/globals';
import {
  conditionReasonFaults,
  dns1035LabelFaults,
  dns1035Name,
  dns1123LabelFaults,
  dns1123SubdomainFaults,
  dns1123SubdomainWithUnderscoreFaults,
  labelName,
  maskTrailingDash,
  pathSegmentFaults,
  portNumberFaults,
  qualifiedNameFaults,
  rangeFaults,
  regexFault,
  subdomainName,
  userIdFaults,
  wildcardSubdomainFaults,
} from './names.ts';
import { testNameRules, type NameRule } from './testing/name-rules.ts';

/** What apimachinery pkg/util/validation of 1.36.3 says to the same texts; names-values.test.ts has the rules of values. */
const cases: readonly NameRule[] = [
  {
    faults: dns1123LabelFaults,
    good: ['a', 'a-b', 'a'.repeat(63), '1a', 'http', 'a--b', '12345', 'toolongportname1'],
    exactly: [
      ['a.b', ['must not contain dots']],
      [
        'A',
        [
          "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
        ],
      ],
      ['a'.repeat(64), ['must be no more than 63 characters']],
    ],
  },
  {
    faults: dns1123SubdomainFaults,
    good: ['a', 'a-b', 'a.b', 'a'.repeat(63), 'a'.repeat(64), '1a', 'my.name', 'http', 'a--b', '12345', 'toolongportname1'],
    exactly: [
      [
        'A',
        [
          "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ],
      ],
    ],
  },
  {
    faults: dns1123SubdomainWithUnderscoreFaults,
    good: ['a', 'a-b', 'a.b', 'a'.repeat(63), 'a'.repeat(64), '1a', 'a_b', 'my.name', '_a', 'http', 'a--b', '12345', 'toolongportname1'],
    exactly: [
      [
        'A',
        [
          "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')",
        ],
      ],
    ],
  },
  {
    faults: dns1035LabelFaults,
    good: ['a', 'a-b', 'a'.repeat(63), 'http', 'a--b', 'toolongportname1'],
    exactly: [
      [
        'a.b',
        [
          "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
        ],
      ],
      ['a'.repeat(64), ['must be no more than 63 characters']],
    ],
  },
  {
    faults: wildcardSubdomainFaults,
    good: ['*.a.b'],
    exactly: [
      [
        'a',
        [
          "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ],
      ],
    ],
  },
  {
    faults: qualifiedNameFaults,
    good: [
      'a',
      'a-b',
      'a.b',
      'A',
      'a'.repeat(63),
      'a..b',
      '1a',
      'a_b',
      'example.com/Name',
      'my.name',
      'HELLO',
      'http',
      'a--b',
      '12345',
      'toolongportname1',
    ],
    exactly: [
      [
        '-a',
        [
          "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        ],
      ],
      [
        '',
        [
          'name part must be non-empty',
          "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        ],
      ],
      ['a'.repeat(64), ['name part must be no more than 63 bytes']],
      ['/x', ['prefix part must be non-empty']],
      [
        'a/b/c',
        [
          "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
        ],
      ],
    ],
  },
];

testNameRules(cases);

test('names with a generated suffix may end in a dash', () => {
  expect([maskTrailingDash('web-'), maskTrailingDash('-'), maskTrailingDash('web')]).toEqual(['wea', '-', 'web']);
  expect([subdomainName('web.a-', true), labelName('web-', true), dns1035Name('web-', true)]).toEqual([[], [], []]);
  expect(subdomainName('web-', false)).toHaveLength(1);
});

test('numbers', () => {
  expect([portNumberFaults(0), portNumberFaults(65535), userIdFaults(-1), rangeFaults(2, 1, 3)]).toEqual([
    ['must be between 1 and 65535, inclusive'],
    [],
    ['must be between 0 and 2147483647, inclusive'],
    [],
  ]);
});

test('path segments', () => {
  expect(pathSegmentFaults('.')).toEqual(["may not be '.'"]);
  expect(pathSegmentFaults('..', true)).toEqual([]);
  expect(pathSegmentFaults('a/b%')).toEqual(["may not contain '/'", "may not contain '%'"]);
});

test('condition reasons and rules without examples', () => {
  expect(conditionReasonFaults('MinimumReplicasAvailable')).toEqual([]);
  expect(conditionReasonFaults('not so')).toHaveLength(1);
  expect(regexFault('must match', 'x+')).toBe("must match (regex used for validation is 'x+')");
});
