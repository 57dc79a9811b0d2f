/** pkg/apis/certificates/validation. */
import { X509Certificate } from 'node:crypto';
import type { CertificateSigningRequest } from '../../../api/generated/types.ts';
import { duplicate, forbiddenField, invalid, notSupported, path, required, tooLong, type FieldError } from '../../../api/field-errors.ts';
import { semanticEqual } from '../../../api/json.ts';
import { dns1123LabelFaults, dns1123SubdomainFaults, maxLabelLength, maxSubdomainLength } from '../../../api/names.ts';

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
  const text = Buffer.from((spec.request as string | null) ?? '', 'base64').toString();
  const asked = spec.usages ?? [];
  return [
    ...(/-----BEGIN CERTIFICATE REQUEST-----[\s\S]+-----END CERTIFICATE REQUEST-----/.test(text)
      ? []
      : [invalid(at.child('request'), spec.request, 'PEM block type must be CERTIFICATE REQUEST')]),
    ...(asked.length === 0 ? [required(at.child('usages'))] : []),
    ...asked.flatMap((usage, index) => [
      ...(usages.includes(usage) ? [] : [notSupported(at.child('usages').index(index), usage, usages)]),
      ...(asked.indexOf(usage) < index ? [duplicate(at.child('usages').index(index), usage)] : []),
    ]),
    ...signerErrors(spec.signerName),
    ...(spec.expirationSeconds !== undefined && spec.expirationSeconds < 600
      ? [invalid(at.child('expirationSeconds'), spec.expirationSeconds, 'may not specify a duration less than 600 seconds (10 minutes)')]
      : []),
  ];
}

const maxSigner = maxSubdomainLength + 1 + maxSubdomainLength + maxLabelLength + 1;

/** ValidateSignerName of pkg/apis/core/validation/names.go: of labels and of names only the first wrong one is told. */
function signerErrors(signer: string): FieldError[] {
  const at = path('spec', 'signerName');
  if (signer === '') return [required(at)];
  const [domain = '', signerPath = '', ...rest] = signer.split('/');
  if (!signer.includes('/') || rest.length > 0)
    return [invalid(at, signer, "must be a fully qualified domain and path of the form 'example.com/signer-name'")];
  const firstWrong = (whole: string, faults: (text: string) => string[]): FieldError[] => {
    const label = whole.split('.').find((one) => faults(one).length > 0);
    if (label === undefined) return [];
    return faults(label).map((fault) => invalid(at, whole, `validating label ${JSON.stringify(label)}: ${fault}`));
  };
  return [
    ...(domain.length > maxSubdomainLength ? [tooLong(at, maxSubdomainLength)] : []),
    ...firstWrong(domain, dns1123LabelFaults),
    ...(domain.includes('.') ? [] : [invalid(at, domain, 'should be a domain with at least two segments separated by dots')]),
    ...firstWrong(signerPath, dns1123SubdomainFaults),
    ...(signer.length > maxSigner ? [tooLong(at, maxSigner)] : []),
  ];
}

/** Writes through /approval may add decisions of any kind, but take none back. */
export function validateApproval(request: CertificateSigningRequest, old: CertificateSigningRequest): FieldError[] {
  return [...conditionFaults(request), ...removals(request, old)];
}

/** Writes through /status may set the certificate once, and may not decide. */
export function validateStatus(request: CertificateSigningRequest, old: CertificateSigningRequest): FieldError[] {
  const before = old.status.certificate ?? '';
  const changed = (request.status.certificate ?? '') !== before;
  return [
    ...conditionFaults(request),
    ...(changed && certificateErrors(old).length === 0 ? certificateErrors(request) : []),
    ...removals(request, old),
    ...['Approved', 'Denied'].flatMap((type) => decisionFaults(type, request, old)),
    ...(changed && before !== ''
      ? [forbiddenField(path('status', 'certificate'), 'updates may not modify existing certificate content')]
      : []),
  ];
}

/** validateCertificate: nothing but blocks of certificates, at least one. */
function certificateErrors({ status }: CertificateSigningRequest): FieldError[] {
  const text = Buffer.from(status.certificate ?? '', 'base64').toString('latin1');
  const fault = text === '' ? undefined : certificateFault(text);
  return fault === undefined ? [] : [invalid(path('status', 'certificate'), '<certificate data>', fault)];
}

function certificateFault(text: string): string | undefined {
  const blocks = [...text.matchAll(/-----BEGIN ([^\n]*?)-----\r?\n([\s\S]*?)-----END \1-----/g)];
  for (const [block, type, content = ''] of blocks) {
    if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`;
    if (content.includes(':')) return 'no PEM block headers are permitted';
    try {
      new X509Certificate(block);
    } catch {
      return 'x509: malformed certificate';
    }
  }
  return blocks.length === 0 ? 'must contain at least one CERTIFICATE PEM block' : undefined;
}

const conditionsPath = path('status', 'conditions');

function ofType({ status }: CertificateSigningRequest, type: string): NonNullable<CertificateSigningRequest['status']['conditions']> {
  return (status.conditions ?? []).filter((condition) => condition.type === type);
}

function removals(request: CertificateSigningRequest, old: CertificateSigningRequest): FieldError[] {
  return ['Approved', 'Denied', 'Failed']
    .filter((type) => ofType(request, type).length < ofType(old, type).length)
    .map((type) => forbiddenField(conditionsPath, `updates may not remove a condition of type "${type}"`));
}

function decisionFaults(type: string, request: CertificateSigningRequest, old: CertificateSigningRequest): FieldError[] {
  const [before, now] = [ofType(old, type), ofType(request, type)];
  if (now.length > before.length) return [forbiddenField(conditionsPath, `updates may not add a condition of type "${type}"`)];
  if (now.length < before.length || semanticEqual(now, before)) return [];
  return [forbiddenField(conditionsPath, `updates may not modify a condition of type "${type}"`)];
}

/** Decisions and failures are only ever true; other conditions may be false or unknown. */
function conditionFaults({ status }: CertificateSigningRequest): FieldError[] {
  const conditions = status.conditions ?? [];
  const has = (type: string): boolean => conditions.some((condition) => condition.type === type);
  const faults =
    has('Approved') && has('Denied') ? [invalid(conditionsPath, 'Denied', 'Approved and Denied conditions are mutually exclusive')] : [];
  for (const [index, { type, status: value }] of conditions.entries()) {
    const allowed = ['Approved', 'Denied', 'Failed'].includes(type) ? ['True'] : ['False', 'True', 'Unknown'];
    const at = conditionsPath.index(index);
    if (type === '') faults.push(required(at.child('type')));
    if (value === '') faults.push(required(at.child('status')));
    else if (!allowed.includes(value)) faults.push(notSupported(at.child('status'), value, allowed));
    if (conditions.findIndex((other) => other.type === type) < index) faults.push(duplicate(at.child('type'), type));
  }
  return faults;
}
