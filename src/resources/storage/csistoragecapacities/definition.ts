import type { CSIStorageCapacity } from '../../../api/generated/types.ts';
import { invalid, path, type FieldError } from '../../../api/field-errors.ts';
import { dns1123SubdomainFaults } from '../../../api/names.ts';
import { parseQuantity } from '../../../api/quantity.ts';
import { define } from '../../../registry/definition.ts';
import { immutable } from '../../shared/checks.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nodeLabelWarnings, nodeTermWarnings } from '../../shared/pod/warnings.ts';
import { checked } from '../../shared/names.ts';
import { labelSelectorErrors } from '../../shared/selector-validation.ts';

export const csistoragecapacities = define<CSIStorageCapacity>({
  ...fromFacts('storage.k8s.io', 'v1', 'csistoragecapacities'),
  strategy: {
    validate,
    validateUpdate: (object, old) => [
      ...validate(object),
      ...immutable(path('nodeTopology'), object.nodeTopology, old.nodeTopology),
      ...immutable(path('storageClassName'), object.storageClassName, old.storageClassName),
    ],
    warnings: ({ nodeTopology }) => [
      ...(nodeTopology === undefined ? [] : nodeTermWarnings(nodeTopology, false, path('nodeTopology'))),
      ...Object.keys(nodeTopology?.matchLabels ?? {}).flatMap((key) =>
        nodeLabelWarnings([key], path('nodeTopology', 'matchLabels').child(key)),
      ),
    ],
    allowUnconditionalUpdate: false,
  },
  // Upstream prints these like custom resources: name and time of creation.
  columns: [],
});

/** ValidateCSIStorageCapacity of pkg/apis/storage/validation. */
function validate({ storageClassName, nodeTopology, capacity }: CSIStorageCapacity): FieldError[] {
  return [
    ...labelSelectorErrors(nodeTopology, path('nodeTopology')),
    ...checked(path('storageClassName'), storageClassName, dns1123SubdomainFaults),
    ...(capacity !== undefined && parseQuantity(capacity).sign < 0
      ? [invalid(path('capacity'), capacity, 'must be greater than or equal to 0')]
      : []),
  ];
}
