/** Names around devices. pkg/apis/resource/validation. */
import { invalid, required, tooLong, type FieldError, type Path } from '../../api/field-errors.ts';
import { cIdentifierFaults, dns1123SubdomainFaults } from '../../api/names.ts';
import { checked } from './names.ts';
import { csiDriverNameErrors } from './pod/validate-volume-sources.ts';

const maxIdentifier = 32;
const maxPool = 253;

/** validatePoolName: subdomains between slashes. */
export function poolNameErrors(name: string, at: Path): FieldError[] {
  if (name === '') return [required(at)];
  return [
    ...(Buffer.byteLength(name) > maxPool ? [tooLong(at, maxPool)] : []),
    ...name.split('/').flatMap((part) => checked(at, part, dns1123SubdomainFaults)),
  ];
}

/** validateFullyQualifiedName: a domain and a C identifier. */
export function fullyQualifiedErrors(name: string, at: Path): FieldError[] {
  const whole = 'a fully qualified name must be a domain and a name separated by a slash';
  return [...qualifiedErrors(name, at), ...(name.includes('/') ? [] : [invalid(at, name, whole)])];
}

/** validateQualifiedName: a C identifier, maybe of a domain. More than one slash passes, as upstream. */
export function qualifiedErrors(name: string, at: Path): FieldError[] {
  const parts = name.split('/');
  const [domain = '', own = ''] = parts;
  if (parts.length === 1) return identifierErrors(name, at);
  if (parts.length > 2) return [];
  return [
    ...(domain === '' ? [invalid(at, '', 'the domain must not be empty')] : csiDriverNameErrors(domain, at)),
    ...(own === '' ? [invalid(at, '', 'the name must not be empty')] : identifierErrors(own, at)),
  ];
}

function identifierErrors(text: string, at: Path): FieldError[] {
  return [...(Buffer.byteLength(text) > maxIdentifier ? [tooLong(at, maxIdentifier)] : []), ...checked(at, text, cIdentifierFaults)];
}
