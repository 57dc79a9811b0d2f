/** ValidateSecret and ValidateSecretUpdate of pkg/apis/core/validation/validation.go. */
import type { Secret } from '../../../api/generated/types.ts';
import { forbiddenField, invalid, path, required, tooLong, type FieldError } from '../../../api/field-errors.ts';
import { jsonSyntaxFault } from '../../../api/go-json-syntax.ts';
import { semanticEqual } from '../../../api/json.ts';
import { configMapKeyFaults } from '../../../api/names.ts';
import { checked } from '../../shared/names.ts';

const sizeLimit = 1024 * 1024;
const decoded = (value: string | undefined): string => Buffer.from(value ?? '', 'base64').toString();

export function validateSecret(secret: Secret): FieldError[] {
  const data = secret.data ?? {};
  const at = path('data');
  const faults = Object.keys(data).flatMap((key) => checked(at.key(key), key, configMapKeyFaults));
  const total = Object.values<string | null>(data).reduce((sum, value) => sum + Buffer.byteLength(value ?? '', 'base64'), 0);
  if (total > sizeLimit) faults.push(tooLong(at, sizeLimit));
  return [...faults, ...typeErrors(secret, data)];
}

function typeErrors({ type, metadata }: Secret, data: Readonly<Record<string, string>>): FieldError[] {
  const need = (key: string): FieldError[] => (data[key] === undefined ? [required(path('data').key(key))] : []);
  switch (type) {
    case 'kubernetes.io/service-account-token': {
      const annotation = 'kubernetes.io/service-account.name';
      return (metadata.annotations?.[annotation] ?? '') === '' ? [required(path('metadata', 'annotations').key(annotation))] : [];
    }
    case 'kubernetes.io/dockercfg':
      return jsonErrors(data, '.dockercfg');
    case 'kubernetes.io/dockerconfigjson':
      return jsonErrors(data, '.dockerconfigjson');
    case 'kubernetes.io/basic-auth':
      return data['username'] === undefined && data['password'] === undefined
        ? [required(path('data').key('username')), required(path('data').key('password'))]
        : [];
    case 'kubernetes.io/ssh-auth':
      return (data['ssh-privatekey'] ?? '') === '' ? [required(path('data').key('ssh-privatekey'))] : [];
    case 'kubernetes.io/tls':
      return [...need('tls.crt'), ...need('tls.key')];
    default:
      return [];
  }
}

function jsonErrors(data: Readonly<Record<string, string>>, key: string): FieldError[] {
  const at = path('data').key(key);
  if (data[key] === undefined) return [required(at)];
  const fault = jsonSyntaxFault(decoded(data[key]));
  return fault === undefined ? [] : [invalid(at, '<secret contents redacted>', fault)];
}

export function validateSecretUpdate(secret: Secret, old: Secret): FieldError[] {
  const faults: FieldError[] = [];
  if (secret.type !== old.type) faults.push(invalid(path('type'), secret.type, 'field is immutable'));
  if (old.immutable === true) {
    const why = 'field is immutable when `immutable` is set';
    if (secret.immutable !== true) faults.push(forbiddenField(path('immutable'), why));
    if (!semanticEqual(secret.data, old.data)) faults.push(forbiddenField(path('data'), why));
  }
  return [...faults, ...validateSecret(secret)];
}
