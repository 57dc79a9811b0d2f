import type { CSINode } from '../../../api/generated/types.ts';
import { duplicate, path, required, type FieldError } from '../../../api/field-errors.ts';
import { define } from '../../../registry/definition.ts';
import { age, integer, name } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';

export const csinodes = define<CSINode>({
  ...fromFacts('storage.k8s.io', 'v1', 'csinodes'),
  strategy: { validate, allowUnconditionalUpdate: false },
  columns: [name, integer('Drivers', ({ spec }) => spec.drivers?.length), age],
});

function validate({ spec }: CSINode): FieldError[] {
  const drivers = spec.drivers ?? [];
  return drivers.flatMap((driver, index) => {
    const at = path('spec', 'drivers').index(index);
    return [
      ...(driver.nodeID === '' ? [required(at.child('nodeID'))] : []),
      ...(drivers.findIndex((other) => other.name === driver.name) < index ? [duplicate(at.child('name'), driver.name)] : []),
    ];
  });
}
