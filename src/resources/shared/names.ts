/** Rules of api/names.ts applied to a field. */
import { invalid, required, type FieldError, type Path } from '../../api/field-errors.ts';
import {
  dns1123SubdomainFaults,
  labelValueFaults,
  portNameFaults,
  portNumberFaults,
  qualifiedNameFaults,
  regexFault,
} from '../../api/names.ts';

/** The faults of a value at a path, as Invalid. */
export function checked(at: Path, value: string, faults: (value: string) => string[]): FieldError[] {
  return faults(value).map((fault) => invalid(at, value, fault));
}

/** A port's number or name. */
export function portOrNameErrors(at: Path, port: number | string | undefined): FieldError[] {
  if (typeof port === 'string') return checked(at, port, portNameFaults);
  return portNumberFaults(port ?? 0).map((fault) => invalid(at, port ?? 0, fault));
}

export function labelsErrors(at: Path, labels: Readonly<Record<string, string>> | undefined): FieldError[] {
  if (labels === undefined) return [];
  return Object.entries(labels).flatMap(([key, value]) => [
    ...qualifiedNameFaults(key).map((fault) => invalid(at, key, fault)),
    ...labelValueFaults(value).map((fault) => invalid(at, value, fault)),
  ]);
}

/** `example.com/path` (IsDomainPrefixedPath). */
export function domainPrefixedPathErrors(at: Path, value: string): FieldError[] {
  if (value === '') return [required(at)];
  const slash = value.indexOf('/');
  if (slash < 1 || slash === value.length - 1) return [invalid(at, value, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  const rest = value.slice(slash + 1);
  const faults = checked(at, value.slice(0, slash), dns1123SubdomainFaults);
  const source = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
  if (!new RegExp(`^${source}$`).test(rest)) faults.push(invalid(at, rest, regexFault('Invalid path', source)));
  return faults;
}
