import {
  cIdentifierFaults,
  configMapKeyFaults,
  environmentNameFaults,
  httpHeaderNameFaults,
  labelValueFaults,
  percentFaults,
  portNameFaults,
  relaxedEnvironmentNameFaults,
} from './names.ts';
import { testNameRules, type NameRule } from './testing/name-rules.ts';

/** What apimachinery pkg/util/validation of 1.36.3 says to the same texts: labels' values, variables, ports, keys. */
const cases: readonly NameRule[] = [
  {
    faults: labelValueFaults,
    good: [
      'a',
      'a-b',
      'a.b',
      'A',
      '',
      'a'.repeat(63),
      'a..b',
      '1a',
      'a_b',
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
          "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
        ],
      ],
      ['a'.repeat(64), ['must be no more than 63 bytes']],
    ],
  },
  {
    faults: cIdentifierFaults,
    good: ['a', 'A', 'a'.repeat(63), 'a'.repeat(64), 'a_b', '_a', 'HELLO', 'http', 'toolongportname1'],
    exactly: [
      [
        'a-b',
        [
          "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')",
        ],
      ],
    ],
  },
  {
    faults: percentFaults,
    good: ['50%'],
    exactly: [
      [
        'a',
        [
          "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
        ],
      ],
    ],
  },
  {
    faults: httpHeaderNameFaults,
    good: ['a', 'a-b', 'A', '-a', 'a-', 'a'.repeat(63), 'a'.repeat(64), '1a', 'HELLO', 'http', 'a--b', '12345', 'toolongportname1'],
    exactly: [
      [
        'a.b',
        [
          "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')",
        ],
      ],
    ],
  },
  {
    faults: portNameFaults,
    good: ['a', 'a-b', '1a', 'http'],
    exactly: [
      ['a.b', ['must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)']],
      ['A', ['must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)', 'must contain at least one letter (a-z)']],
      ['-a', ['must not begin or end with a hyphen']],
      ['a'.repeat(63), ['must be no more than 15 characters']],
      [
        'example.com/Name',
        ['must be no more than 15 characters', 'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)'],
      ],
    ],
  },
  {
    faults: environmentNameFaults,
    good: [
      'a',
      'a-b',
      'a.b',
      'A',
      '-a',
      'a-',
      'a'.repeat(63),
      'a'.repeat(64),
      'a..b',
      'a_b',
      'my.name',
      '_a',
      'HELLO',
      'http',
      'a--b',
      'toolongportname1',
    ],
    exactly: [
      [
        '',
        [
          "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')",
        ],
      ],
      ['..a', ["must not start with '..'"]],
      ['.', ["must not be '.'"]],
      ['..', ["must not be '..'"]],
    ],
  },
  {
    faults: relaxedEnvironmentNameFaults,
    good: [
      'a',
      'a-b',
      'a.b',
      'A',
      '-a',
      'a-',
      'a'.repeat(63),
      'a'.repeat(64),
      'a..b',
      '1a',
      'a_b',
      'example.com/Name',
      '/x',
      'x/',
      'a/b/c',
      'my.name',
      '_a',
      '*.a.b',
      '*',
      '..a',
      '.',
      '..',
      'HELLO',
      'x y',
      '50%',
      'http',
      'a--b',
      '12345',
      'toolongportname1',
    ],
    exactly: [
      ['', ['environment variable name must be non-empty']],
      ['é', ["a valid environment variable name must consist only of printable ASCII characters other than '='"]],
    ],
  },
  {
    faults: configMapKeyFaults,
    good: [
      'a',
      'a-b',
      'a.b',
      'A',
      '-a',
      'a-',
      'a'.repeat(63),
      'a'.repeat(64),
      'a..b',
      '1a',
      'a_b',
      'my.name',
      '_a',
      'HELLO',
      'http',
      'a--b',
      '12345',
      'toolongportname1',
    ],
    exactly: [
      [
        '',
        [
          "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
        ],
      ],
      ['..a', ["must not start with '..'"]],
      ['.', ["must not be '.'"]],
      ['..', ["must not be '..'"]],
    ],
  },
];

testNameRules(cases);
