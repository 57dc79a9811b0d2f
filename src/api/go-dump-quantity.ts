/** The innards of a resource.Quantity after it was parsed from its canonical text: apimachinery pkg/api/resource/quantity.go, ParseQuantity. */

interface Suffix {
  readonly base: 2 | 10;
  readonly exponent: number;
  readonly format: 'DecimalSI' | 'BinarySI' | 'DecimalExponent';
}

const decimal: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const binary = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
/** Digits that surely fit an int64. */
const maxDigits = 18;
const maxInt64 = 2n ** 63n - 1n;

function suffixOf(text: string): Suffix {
  const power = binary.indexOf(text);
  if (power >= 0) return { base: 2, exponent: (power + 1) * 10, format: 'BinarySI' };
  const scale = decimal[text];
  if (scale !== undefined) return { base: 10, exponent: scale, format: 'DecimalSI' };
  return { base: 10, exponent: Number(text.slice(1)), format: 'DecimalExponent' };
}

/** As spew prints the struct; '' is a quantity that was never set. */
export function quantityDump(text: string): string {
  if (text === '') return small(0n, 0, { s: '', format: '' });
  if (text === '0') return small(0n, 0, { s: '0', format: 'DecimalSI' });
  const [, sign = '', digits = '0', denominator = '', suffix = ''] = /^([+-]?)0*(\d*)(?:\.(\d*))?(.*)$/.exec(text) ?? [];
  const number = digits === '' ? '0' : digits;
  const { base, exponent, format } = suffixOf(suffix);
  const shifted = number + denominator;
  const isFast =
    base === 10 ? maxDigits - shifted.length >= 0 : denominator === '' && 14 - number.length - Math.trunc((exponent * 3) / 10) >= 0;
  const scale = (base === 10 ? exponent : 0) - denominator.length;
  const value = BigInt(shifted);
  const result = base === 10 ? value : value << BigInt(exponent);
  const signed = sign === '-' ? -result : result;
  if (isFast && scale >= -9 && result <= maxInt64) {
    const isCanonical = base === 2 ? (value & 7n) !== 0n : scale % 3 === 0 && !shifted.endsWith('000') && !shifted.startsWith('0');
    return small(signed, scale, { s: isCanonical ? text : '', format });
  }
  return large(signed, scale, format);
}

function small(value: bigint, scale: number, { s, format }: { readonly s: string; readonly format: string }): string {
  const amount = `{value:(int64)${String(value)} scale:(resource.Scale)${String(scale)}}`;
  return `{i:(resource.int64Amount)${amount} d:(resource.infDecAmount){Dec:(*inf.Dec)<nil>} s:(string)${s} Format:(resource.Format)${format}}`;
}

/** Kept as billionths. */
function large(value: bigint, scale: number, format: string): string {
  const nano = value * 10n ** BigInt(Math.max(0, 9 + scale));
  const words: string[] = [];
  for (let rest = nano < 0n ? -nano : nano; rest > 0n; rest >>= 64n) words.push(String(rest & 0xffffffffffffffffn));
  const unscaled = `{neg:(bool)${String(nano < 0n)} abs:(big.nat)${words.length === 0 ? '<nil>' : `[${words.join(' ')}]`}}`;
  const amount = `{Dec:(*inf.Dec){unscaled:(big.Int)${unscaled} scale:(inf.Scale)9}}`;
  return `{i:(resource.int64Amount){value:(int64)0 scale:(resource.Scale)0} d:(resource.infDecAmount)${amount} s:(string) Format:(resource.Format)${format}}`;
}
