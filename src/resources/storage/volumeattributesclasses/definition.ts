import type { VolumeAttributesClass } from '../../../api/generated/types.ts';
import { forbiddenField, path, type FieldError } from '../../../api/field-errors.ts';
import { semanticEqual } from '../../../api/json.ts';
import { define } from '../../../registry/definition.ts';
import { age, name, text } from '../../shared/columns.ts';
import { driverErrors, parameterErrors } from '../../shared/class-parameters.ts';
import { fromFacts } from '../../shared/facts.ts';

export const volumeattributesclasses = define<VolumeAttributesClass>({
  ...fromFacts('storage.k8s.io', 'v1', 'volumeattributesclasses'),
  strategy: {
    validate,
    validateUpdate: (object, old) => [
      ...(object.driverName === old.driverName ? [] : [forbiddenField(path('driverName'), 'updates to driverName are forbidden.')]),
      ...(semanticEqual(object.parameters, old.parameters)
        ? []
        : [forbiddenField(path('parameters'), 'updates to parameters are forbidden.')]),
      ...validate(object),
    ],
  },
  columns: [name, text('DriverName', ({ driverName }) => driverName), age],
});

function validate({ driverName, parameters }: VolumeAttributesClass): FieldError[] {
  return [...driverErrors('driverName', driverName), ...parameterErrors(parameters, false)];
}
