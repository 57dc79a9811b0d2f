import type { VolumeAttributesClass } from '../../../api/generated/types.ts';
import { forbiddenField, path, required } from '../../../api/field-errors.ts';
import { semanticEqual } from '../../../api/json.ts';
import { define } from '../../../registry/definition.ts';
import { age, name, text } from '../../shared/columns.ts';
import { requiredText } from '../../shared/checks.ts';
import { fromFacts } from '../../shared/facts.ts';

export const volumeattributesclasses = define<VolumeAttributesClass>({
  ...fromFacts('storage.k8s.io', 'v1', 'volumeattributesclasses'),
  strategy: {
    validate: ({ driverName, parameters }) => [
      ...requiredText(path('driverName'), driverName),
      ...(Object.keys(parameters ?? {}).length === 0 ? [required(path('parameters'), 'must contain at least one key/value pair')] : []),
    ],
    validateUpdate: (object, old) => [
      ...(object.driverName === old.driverName ? [] : [forbiddenField(path('driverName'), 'updates to driverName are forbidden.')]),
      ...(semanticEqual(object.parameters, old.parameters)
        ? []
        : [forbiddenField(path('parameters'), 'updates to parameters are forbidden.')]),
    ],
  },
  columns: [name, text('DriverName', ({ driverName }) => driverName), age],
});
