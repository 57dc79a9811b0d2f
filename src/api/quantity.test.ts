import { describe, expect, test } from '@jest/globals';
import {
  milliQuantity,
  parseQuantity,
  Quantity,
  QuantityError,
  sumQuantities,
  tryParseQuantity,
  wholeQuantity,
  zeroQuantity,
} from './quantity.ts';

/** Text, canonical text and format, as apimachinery's resource.ParseQuantity of 1.36.3 has them. */
const quantities: [string, string, string][] = [
  ['1.5', '1500m', 'DecimalSI'],
  ['1.5Gi', '1536Mi', 'BinarySI'],
  ['100m', '100m', 'DecimalSI'],
  ['0', '0', 'DecimalSI'],
  ['0Mi', '0', 'BinarySI'],
  ['0.1m', '100u', 'DecimalSI'],
  ['1Ki', '1Ki', 'BinarySI'],
  ['1024', '1024', 'DecimalSI'],
  ['1Gi', '1Gi', 'BinarySI'],
  ['+5', '+5', 'DecimalSI'],
  ['-1.5Gi', '-1536Mi', 'BinarySI'],
  ['1e3', '1e3', 'DecimalExponent'],
  ['1E3', '1E3', 'DecimalExponent'],
  ['12e6', '12e6', 'DecimalExponent'],
  ['1E', '1E', 'DecimalSI'],
  ['0.5Ki', '512', 'BinarySI'],
  ['1.500', '1.500', 'DecimalSI'],
  ['1.', '1.', 'DecimalSI'],
  ['.5', '500m', 'DecimalSI'],
  ['1000000', '1M', 'DecimalSI'],
  ['1024Mi', '1Gi', 'BinarySI'],
  ['99999999999999999999Ei', '9223372036854775807', 'BinarySI'],
  ['0.0000000001', '1n', 'DecimalSI'],
  ['1e-20', '1e-9', 'DecimalExponent'],
  ['05', '05', 'DecimalSI'],
  ['2048Ki', '2Mi', 'BinarySI'],
  ['1000', '1k', 'DecimalSI'],
  ['8Ki', '8Ki', 'BinarySI'],
  ['1.1Mi', '1153433600m', 'BinarySI'],
  ['-0.5', '-500m', 'DecimalSI'],
  ['1e30', '1e30', 'DecimalExponent'],
  ['123456789012345678901234567890', '123456789012345678901234567890', 'DecimalSI'],
  ['3.3Ki', '3379200m', 'BinarySI'],
  ['-', '0', 'DecimalSI'],
  ['Ki', '0', 'BinarySI'],
];

test.each(quantities)('%j is %s (%s)', (text, canonical, format) => {
  const quantity = parseQuantity(text);
  expect([quantity.toString(), quantity.format]).toEqual([canonical, format]);
});

test.each([
  ['', "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
  ['a', "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
  ['1z', "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
  ['1ee', "unable to parse quantity's suffix"],
  ['1e', "unable to parse quantity's suffix"],
  ['1.2.3', "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
  [' 1', "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
  ['1Ki1', "unable to parse quantity's suffix"],
  ['100Mb', "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
])('%j is none', (text, message) => {
  expect(() => parseQuantity(text)).toThrow(new QuantityError(message));
  expect(tryParseQuantity(text)).toBeUndefined();
});

describe('arithmetic', () => {
  const q = parseQuantity;
  test.each<[string, string, -1 | 0 | 1]>([
    ['1', '1000m', 0],
    ['1Gi', '1G', 1],
    ['-1', '1', -1],
    ['0', '0Mi', 0],
    ['1e3', '1k', 0],
    ['9223372036854775808', '9223372036854775807', 1],
    ['0.1', '100m', 0],
  ])('%s to %s', (a, b, expected) => {
    expect(q(a).compare(q(b))).toBe(expected);
    expect(q(b).compare(q(a))).toBe(expected === 0 ? 0 : -expected);
    expect(q(a).equals(q(b))).toBe(expected === 0);
  });

  test.each([
    ['1Gi', '512Mi', '1536Mi'],
    ['0', '1Gi', '1Gi'],
    ['100m', '1', '1100m'],
    ['1', '1Gi', '1073741825'],
    ['0.1', '0.2', '300m'],
  ])('%s + %s = %s', (a, b, sum) => {
    expect(q(a).add(q(b)).toString()).toBe(sum);
    expect(q(sum).sub(q(b)).compare(q(a))).toBe(0);
  });

  test('immense ones are only compared', () => {
    expect([q('1e2147483647').compare(q('1')), q('-1e2147483647').compare(q('-1')), q('1').compare(q('1e2147483647'))]).toEqual([
      1, -1, -1,
    ]);
    expect(q('1e2147483647').toString()).toBe('10e2147483646');
  });

  test('signs', () => {
    expect([q('-1').sign, q('0').sign, q('1m').sign]).toEqual([-1, 0, 1]);
    expect([q('0Mi').isZero, q('1n').isZero]).toEqual([true, false]);
    expect(q('5').negate().toString()).toBe('-5');
    expect(q('0').sub(q('1Gi')).toString()).toBe('-1Gi');
  });

  test('whole numbers round away from zero', () => {
    expect([q('1500m').value(), q('-1500m').value(), q('1Gi').value(), q('1n').milliValue()]).toEqual([2, -2, 1073741824, 1]);
    expect(q('9223372036854775808').scaled(0)).toBe(9223372036854775808n);
    expect([q('2.5').milliValue(), q('1.5Gi').toNumber(), q('100m').toNumber()]).toEqual([2500, 1610612736, 0.1]);
    expect([q('1500m').isMultipleOf(0), q('2000m').isMultipleOf(0)]).toEqual([false, true]);
  });

  test('made from numbers', () => {
    expect([wholeQuantity(2048, 'BinarySI').toString(), milliQuantity(1500).toString(), q('100m').multiply(3).toString()]).toEqual([
      '2Ki',
      '1500m',
      '300m',
    ]);
    expect(sumQuantities(['1', undefined, '500m', 2]).toString()).toBe('3500m');
    expect(JSON.stringify({ cpu: new Quantity(1n, -3), none: zeroQuantity })).toBe('{"cpu":"1m","none":"0"}');
  });
});
