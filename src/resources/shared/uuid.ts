/** validateUID of pkg/apis/resource/validation, with the faults of github.com/google/uuid. */
import { invalid, type FieldError, type Path } from '../../api/field-errors.ts';

export function uuidErrors(uid: string, at: Path): FieldError[] {
  const fault = uuidFault(uid);
  if (fault !== undefined) return [invalid(at, uid, `error validating uid: ${fault}`)];
  if (uid.length === 36 && uid === uid.toLowerCase()) return [];
  const form = '`xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`';
  return [invalid(at, uid, `uid must be in RFC 4122 normalized form, ${form} with lowercase hexadecimal characters`)];
}

/** Forms that the library reads but nobody wants pass here. */
function uuidFault(uid: string): string | undefined {
  const length = Buffer.byteLength(uid);
  if (length === 45 && uid.slice(0, 9).toLowerCase() !== 'urn:uuid:') return `invalid urn prefix: ${JSON.stringify(uid.slice(0, 9))}`;
  if (length === 38 && !/^\{.*\}$/s.test(uid)) return 'invalid bracketed UUID format';
  if (![32, 36, 38, 45].includes(length)) return `invalid UUID length: ${String(length)}`;
  const inner = length === 45 ? uid.slice(9) : length === 38 ? uid.slice(1, -1) : uid;
  const form = length === 32 ? /^[0-9a-f]{32}$/i : /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
  return form.test(inner) ? undefined : 'invalid UUID format';
}
