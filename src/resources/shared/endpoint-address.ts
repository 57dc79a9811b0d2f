import { invalid, type FieldError, type Path } from '../../api/field-errors.ts';
import { parseAddress } from '../../api/ip.ts';

/** Addresses that no endpoint and no external IP may have (ValidateEndpointIP). */
export function endpointAddressErrors(at: Path, address: string): FieldError[] {
  const { value, family } = parseAddress(address) ?? {};
  if (value === undefined) return [invalid(at, address, 'must be a valid IP address')];
  const faults: FieldError[] = [];
  const [loopback, linkLocal, multicast] =
    family === 4
      ? [value >> 24n === 127n, value >> 16n === 0xa9fen, value >> 8n === 0xe00000n]
      : [value === 1n, value >> 118n === 0x3fan, ((value >> 112n) & 0xff0fn) === 0xff02n];
  if (value === 0n) faults.push(invalid(at, address, `may not be unspecified (${address})`));
  if (loopback) faults.push(invalid(at, address, 'may not be in the loopback range (127.0.0.0/8, ::1/128)'));
  if (linkLocal) faults.push(invalid(at, address, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'));
  if (multicast) faults.push(invalid(at, address, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'));
  return faults;
}
