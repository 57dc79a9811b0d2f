/** CRC-32 of joined bytes from the checksums of what is joined: arithmetic of polynomials over GF(2), lowest bit first (RFC 1952, 8). */

const polynomial = 0xedb88320;

/** x^0. */
const one = 0x80000000;

/** x^(2^n) modulo the polynomial. */
const powers: readonly number[] = squares();

function squares(): number[] {
  const all = [0x40000000];
  for (let n = 1; n < 32; n++) all.push(multiply(all[n - 1] ?? 0, all[n - 1] ?? 0));
  return all;
}

/** a times b modulo the polynomial. */
function multiply(a: number, b: number): number {
  let product = 0;
  let factor = b;
  for (let bit = one; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= factor;
    factor = (factor & 1) === 0 ? factor >>> 1 : (factor >>> 1) ^ polynomial;
  }
  return product >>> 0;
}

/** What carries a checksum over `length` further bytes: x^(8 length). */
export function crcShift(length: number): number {
  let shift = one;
  let power = 3;
  for (let rest = length; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) shift = multiply(powers[power % 32] ?? 0, shift);
    power += 1;
  }
  return shift;
}

/** The checksum of bytes whose own is `before`, followed by those of `next`. */
export function crcThen(before: number, next: { readonly crc: number; readonly shift: number }): number {
  return (multiply(next.shift, before) ^ next.crc) >>> 0;
}
