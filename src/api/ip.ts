/** IP addresses and CIDRs as values, and upstream's checks of them (apimachinery pkg/util/validation/ip.go, StrictIPCIDRValidation on). */
import { type FieldError, invalid, type Path } from './field-errors.ts';

export interface Address {
  readonly family: 4 | 6;
  /** As one number of 32 or 128 bits. */
  readonly value: bigint;
  /** Written as IPv6 with an IPv4 address in it (`::ffff:1.2.3.4`). */
  readonly mapped: boolean;
  /** An IPv4 part was written with leading zeros. */
  readonly leadingZeros: boolean;
}

/** Leading zeros in IPv4 parts pass (they are decimal), zones do not. */
export function parseAddress(text: string): Address | undefined {
  if (!text.includes(':')) return parseIPv4(text);
  const value = parseIPv6(text);
  if (value === undefined) return undefined;
  return value.bits >> 32n === 0xffffn
    ? { family: 4, value: value.bits & 0xffffffffn, mapped: true, leadingZeros: value.leadingZeros }
    : { family: 6, value: value.bits, mapped: false, leadingZeros: value.leadingZeros };
}

function parseIPv4(text: string): Address | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,}$/.test(part) && Number(part) <= 255)) return undefined;
  const value = parts.reduce((sum, part) => (sum << 8n) | BigInt(Number(part)), 0n);
  return { family: 4, value, mapped: false, leadingZeros: parts.some((part) => part.length > 1 && part.startsWith('0')) };
}

function parseIPv6(text: string): { bits: bigint; leadingZeros: boolean } | undefined {
  const tail = /^(.*:)([^:]*\.[^:]*)$/.exec(text);
  const last = tail === null ? undefined : parseIPv4(tail[2] ?? '');
  if (tail !== null && last === undefined) return undefined;
  const plain = tail === null ? text : `${tail[1] ?? ''}${words(last?.value ?? 0n)}`;
  const halves = plain.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], rest = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const count = head.length + rest.length;
  if (halves.length === 1 ? count !== 8 : count > 7) return undefined;
  if (![...head, ...rest].every((word) => /^[0-9a-fA-F]{1,4}$/.test(word))) return undefined;
  const all = [...head, ...new Array<string>(8 - count).fill('0'), ...rest];
  return { bits: all.reduce((sum, word) => (sum << 16n) | BigInt(`0x${word}`), 0n), leadingZeros: last?.leadingZeros ?? false };
}

const words = (value: bigint): string => `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;

/** RFC 5952; IPv4 in dots. */
export function formatAddress({ family, value }: Pick<Address, 'family' | 'value'>): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join('.');
  const parts = Array.from({ length: 8 }, (_, at) => ((value >> BigInt(112 - at * 16)) & 0xffffn).toString(16));
  const { start, length } = longestZeros(parts);
  if (length < 2) return parts.join(':');
  return `${parts.slice(0, start).join(':')}::${parts.slice(start + length).join(':')}`;
}

function longestZeros(parts: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  parts.forEach((part, at) => {
    if (part !== '0') start = at + 1;
    else if (at + 1 - start > best.length) best = { start, length: at + 1 - start };
  });
  return best;
}

export interface Cidr {
  readonly address: Address;
  readonly bits: number;
  /** The address with all bits beyond the prefix cleared. */
  readonly base: bigint;
  readonly leadingZeros: boolean;
}

export function parseCidr(text: string): Cidr | undefined {
  const [, left = '', length = ''] = /^([^/]+)\/(\d+)$/.exec(text) ?? [];
  const parsed = parseAddress(left);
  if (parsed === undefined) return undefined;
  const size = parsed.family === 4 && !parsed.mapped ? 32 : 128;
  const bits = Number(length);
  if (bits > size) return undefined;
  const shift = BigInt(size - bits);
  const whole = parsed.mapped ? parsed.value | (0xffffn << 32n) : parsed.value;
  return {
    address: parsed,
    bits,
    base: (whole >> shift) << shift,
    leadingZeros: parsed.leadingZeros || (length.length > 1 && length.startsWith('0')),
  };
}

/** The canonical text of the network: `10.0.0.0/8`. */
export function formatCidr({ address, bits, base }: Cidr): string {
  return `${formatAddress({ family: address.mapped ? 6 : address.family, value: base })}/${bits}`;
}

/** Whether the network holds the address. */
export function cidrContains(cidr: Cidr, address: Address): boolean {
  if (cidr.address.family !== address.family) return false;
  const shift = BigInt((address.family === 4 ? 32 : 128) - cidr.bits);
  return cidr.base >> shift === address.value >> shift;
}

/** Faults of an address in a field that predates strict checking: canonical form is not asked for. `old`: values that pass as they are. */
export function legacyAddressFaults(at: Path, text: string, old: readonly string[] = []): FieldError[] {
  if (old.includes(text)) return [];
  const address = parseAddress(text);
  if (address === undefined) return [invalid(at, text, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')];
  if (address.leadingZeros) return [invalid(at, text, 'must not have leading 0s')];
  return address.mapped ? [invalid(at, text, 'must not be an IPv4-mapped IPv6 address')] : [];
}

/** Faults of an address in newer fields. */
export function addressFaults(at: Path, text: string): FieldError[] {
  const faults = legacyAddressFaults(at, text);
  const address = parseAddress(text);
  if (faults.length > 0 || address === undefined) return faults;
  const canonical = formatAddress(address);
  return canonical === text ? [] : [invalid(at, text, `must be in canonical form (${JSON.stringify(canonical)})`)];
}

/** Faults of a network in a field that predates strict checking. */
export function legacyCidrFaults(at: Path, text: string, old: readonly string[] = []): FieldError[] {
  if (old.includes(text)) return [];
  const cidr = parseCidr(text);
  if (cidr === undefined) return [invalid(at, text, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)')];
  if (cidr.leadingZeros) return [invalid(at, text, 'must not have leading 0s in IP or prefix length')];
  if (cidr.address.mapped) return [invalid(at, text, 'must not have an IPv4-mapped IPv6 address')];
  return cidr.base === cidr.address.value ? [] : [invalid(at, text, 'must not have bits set beyond the prefix length')];
}

/** Faults of an interface's address: bits beyond the prefix belong to it (IsValidInterfaceAddress). */
export function interfaceAddressFaults(at: Path, text: string): FieldError[] {
  const cidr = parseCidr(text);
  if (cidr === undefined) return [invalid(at, text, 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)')];
  const { address, bits } = cidr;
  const canonical = `${formatAddress(address)}/${String(address.mapped && bits >= 96 ? bits - 96 : bits)}`;
  return canonical === text ? [] : [invalid(at, text, `must be in canonical form (${JSON.stringify(canonical)})`)];
}

/** Faults of a network in newer fields. */
export function cidrFaults(at: Path, text: string): FieldError[] {
  const faults = legacyCidrFaults(at, text);
  const cidr = parseCidr(text);
  if (faults.length > 0 || cidr === undefined) return faults;
  const canonical = formatCidr(cidr);
  return canonical === text ? [] : [invalid(at, text, `must be in canonical form (${JSON.stringify(canonical)})`)];
}

/** Warnings about an address that old checks let pass (GetWarningsForIP). */
export function addressWarnings(at: Path, text: string): string[] {
  const address = parseAddress(text);
  if (address === undefined) return [];
  const canonical = formatAddress(address);
  if (address.leadingZeros || address.mapped) return [`${at.text}: non-standard IP address "${text}" is invalid: use "${canonical}"`];
  if (address.family === 4 || canonical === text) return [];
  return [`${at.text}: IPv6 address "${text}" should be in RFC 5952 canonical format ("${canonical}")`];
}

/** Warnings about a network that old checks let pass (GetWarningsForCIDR). */
export function cidrWarnings(at: Path, text: string): string[] {
  const cidr = parseCidr(text);
  if (cidr === undefined) return [];
  const { address, bits, base, leadingZeros } = cidr;
  const warnings: string[] = [];
  // Go holds a mapped network as one of IPv6 and shows its addresses as IPv4.
  const whole = address.mapped ? address.value | (0xffffn << 32n) : address.value;
  const network = formatCidr(cidr);
  if (base !== whole) {
    const single = `${formatAddress(address)}/${address.family === 4 && !address.mapped ? '32' : '128'}`;
    warnings.push(`${at.text}: CIDR value ${JSON.stringify(text)} is ambiguous in this context (should be "${network}" or "${single}"?)`);
  }
  if (leadingZeros || address.mapped)
    warnings.push(`${at.text}: non-standard CIDR value ${JSON.stringify(text)} is invalid: use "${network}"`);
  const canonical = `${formatAddress(address)}/${String(bits)}`;
  if (warnings.length === 0 && address.family === 6 && canonical !== text)
    warnings.push(`${at.text}: IPv6 CIDR value ${JSON.stringify(text)} should be in RFC 5952 canonical format ("${canonical}")`);
  return warnings;
}
