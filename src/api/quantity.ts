/**
 * Amounts such as `100m`, `1.5Gi` or `12e6`, exact (apimachinery pkg/api/resource of Kubernetes 1.36).
 * A quantity is a value: nothing changes it.
 */

export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

/** What a text that is no quantity is told. */
export class QuantityError extends Error {
  override readonly name = 'QuantityError';
}

const wrongFormat = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const wrongSuffix = "unable to parse quantity's suffix";

/** Decimal exponents of suffixes. */
const decimal: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
/** Binary exponents of suffixes. */
const binary: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };
const decimalSuffix = new Map(Object.entries(decimal).map(([suffix, exponent]) => [exponent, suffix]));
const binarySuffix = new Map(Object.entries(binary).map(([suffix, exponent]) => [exponent, suffix]));

/** The finest step: amounts below are rounded up to it. */
const nano = -9;
/** Binary amounts are capped here. */
const maxAllowed = 2n ** 63n - 1n;
/** Decimal digits that upstream's fast way through an int64 can hold. */
const maxDigits = 18;

/** Powers of ten that come up all the time. */
const powers = Array.from({ length: 40 }, (_, exponent) => 10n ** BigInt(exponent));
/** Beyond this no sum is exact any more: `1e999999999` is a quantity too, and must not cost gigabytes. */
const maxShift = 2000;
const tenTo = (exponent: number): bigint => powers[exponent] ?? 10n ** BigInt(Math.min(exponent, maxShift));

const shape = /^([+-]?)(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[-+]?\d*)$/;

export class Quantity {
  /** The amount is `mantissa * 10^exponent`. */
  readonly #mantissa: bigint;
  readonly #exponent: number;
  readonly format: QuantityFormat;
  /** The canonical text, once known. */
  #text: string | undefined;

  constructor(mantissa: bigint, exponent: number, options: { readonly format?: QuantityFormat; readonly text?: string } = {}) {
    this.#mantissa = mantissa;
    this.#exponent = exponent;
    this.format = options.format ?? 'DecimalSI';
    this.#text = options.text;
  }

  get sign(): -1 | 0 | 1 {
    return this.#mantissa === 0n ? 0 : this.#mantissa < 0n ? -1 : 1;
  }

  get isZero(): boolean {
    return this.#mantissa === 0n;
  }

  /** Below 0: this one is less. */
  compare(other: Quantity): -1 | 0 | 1 {
    if (this.sign !== other.sign) return this.sign < other.sign ? -1 : 1;
    if (Math.abs(this.#exponent - other.parts.exponent) > maxShift) return this.#exponent < other.parts.exponent === this.sign > 0 ? -1 : 1;
    const { left, right } = aligned(this, other);
    return left === right ? 0 : left < right ? -1 : 1;
  }

  equals(other: Quantity): boolean {
    return this.compare(other) === 0;
  }

  /** The sum, in this one's format; in the other's when this one is zero. */
  add(other: Quantity): Quantity {
    const { left, right, exponent } = aligned(this, other);
    return new Quantity(left + right, exponent, { format: this.isZero ? other.format : this.format });
  }

  sub(other: Quantity): Quantity {
    return this.add(other.negate()).#inFormat(this.isZero ? other.format : this.format);
  }

  multiply(by: number): Quantity {
    return new Quantity(this.#mantissa * BigInt(by), this.#exponent, { format: this.format });
  }

  negate(): Quantity {
    return new Quantity(-this.#mantissa, this.#exponent, { format: this.format });
  }

  /** In whole units, rounded away from zero; exact up to 2^53. */
  value(): number {
    return Number(this.scaled(0));
  }

  /** In thousandths, rounded away from zero; exact up to 2^53. */
  milliValue(): number {
    return Number(this.scaled(-3));
  }

  /** In units of 10^exponent, rounded away from zero. */
  scaled(exponent: number): bigint {
    if (this.#exponent >= exponent) return this.#mantissa * tenTo(this.#exponent - exponent);
    return divideAway(this.#mantissa, tenTo(exponent - this.#exponent));
  }

  /** Whether it is a whole number of 10^exponent. */
  isMultipleOf(exponent: number): boolean {
    return this.#exponent >= exponent || this.#mantissa % tenTo(exponent - this.#exponent) === 0n;
  }

  /** The nearest floating point number. */
  toNumber(): number {
    return Number(`${this.#mantissa}e${this.#exponent}`);
  }

  /** The canonical text: no fraction, the largest suffix that loses nothing. */
  toString(): string {
    return (this.#text ??= this.#canonical());
  }

  toJSON(): string {
    return this.toString();
  }

  #inFormat(format: QuantityFormat): Quantity {
    return new Quantity(this.#mantissa, this.#exponent, { format });
  }

  #canonical(): string {
    if (this.#mantissa === 0n) return '0';
    if (this.format === 'BinarySI' && this.isMultipleOf(0)) {
      const whole = this.scaled(0);
      if (whole <= -1024n || whole >= 1024n) return canonicalBinary(whole);
    }
    const format = this.format === 'BinarySI' ? 'DecimalSI' : this.format;
    return canonicalDecimal(this.#mantissa, this.#exponent, format);
  }

  /** For {@link aligned} only. */
  get parts(): { readonly mantissa: bigint; readonly exponent: number } {
    return { mantissa: this.#mantissa, exponent: this.#exponent };
  }
}

export const zeroQuantity = new Quantity(0n, 0, { text: '0' });

/** Short texts that were read: a memo, not state. The same few come in every pod. */
const read = new Map<string, Quantity>();
const mostRead = 4096;
const longestRead = 16;

/** Throws {@link QuantityError}. A number is taken as its JSON text. A suffix or sign alone is zero, as it is upstream. */
export function parseQuantity(text: string | number): Quantity {
  const given = typeof text === 'number' ? String(text) : text;
  const known = read.get(given);
  if (known !== undefined) return known;
  const quantity = readQuantity(given);
  if (given.length <= longestRead) {
    if (read.size >= mostRead) read.clear();
    read.set(given, quantity);
  }
  return quantity;
}

function readQuantity(given: string): Quantity {
  const match = shape.exec(given);
  if (match === null || given === '') throw new QuantityError(wrongFormat);
  const [, sign = '', digits = '', fraction, suffix = ''] = match;
  const scale = suffixOf(suffix);
  if (scale === undefined) throw new QuantityError(wrongSuffix);
  const number = {
    text: given,
    negative: sign === '-',
    digits: digits === '' || digits.startsWith('0') ? digits.replace(/^0+/, '') || '0' : digits,
    fraction: fraction ?? '',
  };
  return fast(number, scale) ?? exact(number, scale);
}

/** Undefined when the text is no quantity. */
export function tryParseQuantity(text: string | number): Quantity | undefined {
  try {
    return parseQuantity(text);
  } catch {
    return undefined;
  }
}

/** The sum of texts; missing ones count as zero. */
export function sumQuantities(texts: Iterable<string | number | undefined>): Quantity {
  let sum = zeroQuantity;
  for (const text of texts) if (text !== undefined) sum = sum.add(parseQuantity(text));
  return sum;
}

/** A whole number of units as a quantity. */
export function wholeQuantity(value: number | bigint, format: QuantityFormat = 'DecimalSI'): Quantity {
  return new Quantity(BigInt(value), 0, { format });
}

/** A whole number of thousandths as a quantity. */
export function milliQuantity(value: number | bigint, format: QuantityFormat = 'DecimalSI'): Quantity {
  return new Quantity(BigInt(value), -3, { format });
}

interface NumberParts {
  readonly text: string;
  readonly negative: boolean;
  readonly digits: string;
  readonly fraction: string;
}

interface Suffix {
  readonly base: 2 | 10;
  readonly exponent: number;
  readonly format: QuantityFormat;
}

function suffixOf(suffix: string): Suffix | undefined {
  const ten = decimal[suffix];
  if (ten !== undefined) return { base: 10, exponent: ten, format: 'DecimalSI' };
  const two = binary[suffix];
  if (two !== undefined) return { base: 2, exponent: two, format: 'BinarySI' };
  if (!/^[eE][-+]?\d+$/.test(suffix)) return undefined;
  const exponent = Number(suffix.slice(1));
  return Number.isSafeInteger(exponent) ? { base: 10, exponent: exponent | 0, format: 'DecimalExponent' } : undefined;
}

/** Small amounts, which keep the text they were given in when upstream takes it for canonical. */
function fast({ text, negative, digits, fraction }: NumberParts, { base, exponent, format }: Suffix): Quantity | undefined {
  const shifted = digits + fraction;
  const precision = base === 10 ? maxDigits - shifted.length : fraction === '' ? 14 - digits.length - Math.trunc((exponent * 3) / 10) : -1;
  const scale = base === 10 ? exponent - fraction.length : 0;
  if (precision < 0 || scale < nano) return undefined;
  const value = BigInt(shifted);
  const amount = base === 10 ? value : value << BigInt(exponent);
  const kept = base === 2 ? (value & 7n) !== 0n : scale % 3 === 0 && !shifted.endsWith('000') && !shifted.startsWith('0');
  return new Quantity(negative ? -amount : amount, scale, kept ? { format, text } : { format });
}

function exact({ negative, digits, fraction }: NumberParts, { base, exponent, format }: Suffix): Quantity {
  let mantissa = BigInt(digits + fraction);
  let scale = -fraction.length;
  if (base === 10) scale += exponent;
  else mantissa <<= BigInt(exponent);
  if (scale < nano) {
    const excess = nano - scale;
    mantissa = excess > digits.length + fraction.length + 20 ? (mantissa === 0n ? 0n : 1n) : divideAway(mantissa, tenTo(excess));
    scale = nano;
  }
  if (base === 2 && mantissa > maxAllowed * tenTo(-scale)) return signed(negative, maxAllowed, { scale: 0, format });
  const fractional = base === 2 && mantissa > 0n && mantissa < tenTo(-scale);
  return signed(negative, mantissa, { scale, format: fractional ? 'DecimalSI' : format });
}

function signed(negative: boolean, mantissa: bigint, { scale, format }: { scale: number; format: QuantityFormat }): Quantity {
  return new Quantity(negative ? -mantissa : mantissa, scale, { format });
}

function divideAway(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  if (value % by === 0n) return quotient;
  return value < 0n ? quotient - 1n : quotient + 1n;
}

function aligned(a: Quantity, b: Quantity): { left: bigint; right: bigint; exponent: number } {
  const left = a.parts;
  const right = b.parts;
  if (left.exponent === right.exponent) return { left: left.mantissa, right: right.mantissa, exponent: left.exponent };
  const exponent = Math.min(left.exponent, right.exponent);
  return {
    left: left.mantissa * tenTo(left.exponent - exponent),
    right: right.mantissa * tenTo(right.exponent - exponent),
    exponent,
  };
}

function canonicalDecimal(mantissa: bigint, exponent: number, format: QuantityFormat): string {
  let digits = mantissa.toString();
  const zeros = digits.length - digits.replace(/0+$/, '').length;
  digits = digits.slice(0, digits.length - zeros);
  let scale = exponent + zeros;
  while (scale % 3 !== 0) {
    digits += '0';
    scale--;
  }
  if (format === 'DecimalExponent') return scale === 0 ? digits : `${digits}e${scale}`;
  return digits + (decimalSuffix.get(scale) ?? '');
}

function canonicalBinary(whole: bigint): string {
  let mantissa = whole;
  let exponent = 0;
  while (mantissa % 1024n === 0n) {
    mantissa /= 1024n;
    exponent += 10;
  }
  return `${mantissa}${binarySuffix.get(exponent) ?? ''}`;
}
