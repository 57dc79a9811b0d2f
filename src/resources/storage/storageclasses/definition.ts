import type { StorageClass } from '../../../api/generated/types.ts';
import { path, type FieldError } from '../../../api/field-errors.ts';
import { qualifiedNameFaults } from '../../../api/names.ts';
import { define } from '../../../registry/definition.ts';
import { age, text } from '../../shared/columns.ts';
import { immutable, oneOf, optionalOneOf, requiredText } from '../../shared/checks.ts';
import { fromFacts } from '../../shared/facts.ts';
import { checked } from '../../shared/names.ts';

export const storageclasses = define<StorageClass>({
  ...fromFacts('storage.k8s.io', 'v1', 'storageclasses'),
  strategy: {
    default(storageClass) {
      storageClass.reclaimPolicy ??= 'Delete';
      storageClass.volumeBindingMode ??= 'Immediate';
    },
    validate,
    validateUpdate: (object, old) => [
      ...validate(object),
      ...(['parameters', 'provisioner', 'reclaimPolicy'] as const).flatMap((field) => immutable(path(field), object[field], old[field])),
      ...immutable(path('volumeBindingMode'), object.volumeBindingMode, old.volumeBindingMode),
    ],
  },
  columns: [
    {
      ...text<StorageClass>('Name', ({ metadata }) => {
        const marked = ['', 'beta.'].some(
          (version) => metadata.annotations?.[`storageclass.${version}kubernetes.io/is-default-class`] === 'true',
        );
        return marked ? `${metadata.name} (default)` : metadata.name;
      }),
      format: 'name',
    },
    text('Provisioner', ({ provisioner }) => provisioner),
    text('ReclaimPolicy', ({ reclaimPolicy }) => reclaimPolicy ?? 'Delete'),
    text('VolumeBindingMode', ({ volumeBindingMode }) => volumeBindingMode ?? 'Immediate'),
    text('AllowVolumeExpansion', ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false),
    age,
  ],
});

function validate({ provisioner, reclaimPolicy, volumeBindingMode }: StorageClass): FieldError[] {
  const at = path('provisioner');
  return [
    ...requiredText(at, provisioner),
    ...(provisioner === '' ? [] : checked(at, provisioner.toLowerCase(), qualifiedNameFaults)),
    ...optionalOneOf(path('reclaimPolicy'), reclaimPolicy, ['Delete', 'Retain']),
    ...oneOf(path('volumeBindingMode'), volumeBindingMode, ['Immediate', 'WaitForFirstConsumer']),
  ];
}
