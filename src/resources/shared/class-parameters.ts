/** What StorageClasses and VolumeAttributesClasses have in common. pkg/apis/storage/validation. */
import { invalid, path, required, tooLong, type FieldError } from '../../api/field-errors.ts';
import { qualifiedNameFaults } from '../../api/names.ts';
import { checked } from './names.ts';

const maxParameters = 512;
const maxBytes = 256 * 1024;

/** validateProvisioner. */
export function driverErrors(field: string, driver: string): FieldError[] {
  return driver === '' ? [required(path(field))] : checked(path(field), driver.toLowerCase(), qualifiedNameFaults);
}

/** validateParameters. */
export function parameterErrors(parameters: Readonly<Record<string, string>> | undefined, allowEmpty: boolean): FieldError[] {
  const at = path('parameters');
  const entries = Object.entries(parameters ?? {});
  if (entries.length > maxParameters) return [tooLong(at, maxParameters)];
  const size = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  return [
    ...entries.filter(([key]) => key === '').map(([key]) => invalid(at, key, 'field can not be empty.')),
    ...(size > maxBytes ? [tooLong(at, maxBytes)] : []),
    ...(!allowEmpty && entries.length === 0 ? [required(at, 'must contain at least one key/value pair')] : []),
  ];
}
