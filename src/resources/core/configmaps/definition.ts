import type { ConfigMap } from '../../../api/generated/types.ts';
import { forbiddenField, invalid, path, tooLong, type FieldError } from '../../../api/field-errors.ts';
import { semanticEqual } from '../../../api/json.ts';
import { configMapKeyFaults } from '../../../api/names.ts';
import { define } from '../../../registry/definition.ts';
import { age, integer, name } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { checked } from '../../shared/names.ts';

export const configmaps = define<ConfigMap>({
  ...fromFacts('', 'v1', 'configmaps'),
  strategy: { validate, validateUpdate },
  columns: [
    name,
    {
      ...integer<ConfigMap>('Data', ({ data, binaryData }) => Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length),
      type: 'string',
    },
    age,
  ],
});

const sizeLimit = 1024 * 1024;

/** ValidateConfigMap. */
function validate({ data = {}, binaryData = {} }: ConfigMap): FieldError[] {
  const faults = Object.keys(data).flatMap((key) => [
    ...checked(path('data').key(key), key, configMapKeyFaults),
    ...(Object.hasOwn(binaryData, key) ? [invalid(path('data').key(key), key, 'duplicate of key present in binaryData')] : []),
  ]);
  faults.push(...Object.keys(binaryData).flatMap((key) => checked(path('binaryData').key(key), key, configMapKeyFaults)));
  let total = 0;
  for (const value of Object.values(data)) total += Buffer.byteLength(value);
  // Bytes may be null.
  for (const value of Object.values<string | null>(binaryData)) total += Buffer.byteLength(value ?? '', 'base64');
  if (total > sizeLimit) faults.push(tooLong(path().key(''), sizeLimit));
  return faults;
}

function validateUpdate(map: ConfigMap, old: ConfigMap): FieldError[] {
  const faults: FieldError[] = [];
  if (old.immutable === true) {
    const why = 'field is immutable when `immutable` is set';
    if (map.immutable !== true) faults.push(forbiddenField(path('immutable'), why));
    if (!semanticEqual(map.data, old.data)) faults.push(forbiddenField(path('data'), why));
    if (!semanticEqual(map.binaryData, old.binaryData)) faults.push(forbiddenField(path('binaryData'), why));
  }
  return [...faults, ...validate(map)];
}
