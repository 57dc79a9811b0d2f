/** pkg/apis/certificates/validation. */
import type { CertificateSigningRequest } from '../../../api/generated/types.ts';
import { invalid, notSupported, path, required, type FieldError } from '../../../api/field-errors.ts';
import { dns1123SubdomainFaults } from '../../../api/names.ts';
import { checked } from '../../shared/names.ts';

const usages = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];

export function validateRequest({ spec }: CertificateSigningRequest): FieldError[] {
  const at = path('spec');
  const text = Buffer.from(spec.request, 'base64').toString();
  const asked = spec.usages ?? [];
  return [
    ...(/-----BEGIN CERTIFICATE REQUEST-----[\s\S]+-----END CERTIFICATE REQUEST-----/.test(text)
      ? []
      : [invalid(at.child('request'), spec.request, 'PEM block type must be CERTIFICATE REQUEST')]),
    ...(asked.length === 0 ? [required(at.child('usages'), 'usages is required')] : []),
    ...asked.flatMap((usage, index) => (usages.includes(usage) ? [] : [notSupported(at.child('usages').index(index), usage, usages)])),
    ...(spec.expirationSeconds !== undefined && spec.expirationSeconds < 600
      ? [invalid(at.child('expirationSeconds'), spec.expirationSeconds, 'may not specify a duration less than 600 seconds (10 minutes)')]
      : []),
    ...signerErrors(spec.signerName),
  ];
}

function signerErrors(signer: string): FieldError[] {
  const at = path('spec', 'signerName');
  if (signer === '') return [required(at)];
  const [domain = '', signerPath] = signer.split(/\/(.*)/s);
  if (signerPath === undefined || signerPath === '')
    return [invalid(at, signer, 'must be a fully qualified domain and path of the form "example.com/signer-name"')];
  const faults = checked(at, domain, dns1123SubdomainFaults);
  return domain.includes('.')
    ? faults
    : [...faults, invalid(at, signer, 'should be a domain with at least two segments separated by dots')];
}

export function validateApproval({ status }: CertificateSigningRequest): FieldError[] {
  const at = path('status', 'conditions');
  const conditions = status.conditions ?? [];
  const has = (type: string): boolean => conditions.some((condition) => condition.type === type);
  const faults = has('Approved') && has('Denied') ? [invalid(at, 'Denied', 'Approved and Denied conditions are mutually exclusive')] : [];
  for (const [index, { type, status: value }] of conditions.entries()) {
    if (value !== 'True') faults.push(notSupported(at.index(index).child('status'), value, ['True']));
    if (type === '') faults.push(required(at.index(index).child('type')));
  }
  return faults;
}
