import type { StorageClass } from '../../../api/generated/types.ts';
import { asGiven } from '../../../api/schema/said-empty.ts';
import { duplicate, notSupported, path, required, type FieldError } from '../../../api/field-errors.ts';
import { qualifiedNameFaults } from '../../../api/names.ts';
import { define } from '../../../registry/definition.ts';
import { age, text } from '../../shared/columns.ts';
import { immutable, oneOf } from '../../shared/checks.ts';
import { driverErrors, parameterErrors } from '../../shared/class-parameters.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nodeLabelWarnings } from '../../shared/pod/warnings.ts';
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
      ...(['parameters', 'provisioner', 'reclaimPolicy'] as const).flatMap((field) =>
        immutable(path(field), asGiven(object, field), old[field]),
      ),
      ...immutable(path('volumeBindingMode'), object.volumeBindingMode, old.volumeBindingMode),
    ],
    warnings: ({ allowedTopologies }) =>
      (allowedTopologies ?? []).flatMap(({ matchLabelExpressions = [] }, index) => {
        const at = path('allowedTopologies').index(index).child('matchLabelExpressions');
        return matchLabelExpressions.flatMap(({ key }, place) => nodeLabelWarnings([key], at.index(place).child('key')));
      }),
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

const bindingModes = ['Immediate', 'WaitForFirstConsumer'];

function validate({ provisioner, parameters, reclaimPolicy = '', volumeBindingMode: mode, allowedTopologies }: StorageClass): FieldError[] {
  const at = path('volumeBindingMode');
  return [
    ...driverErrors('provisioner', provisioner),
    ...parameterErrors(parameters, true),
    ...(reclaimPolicy === '' ? [] : oneOf(path('reclaimPolicy'), reclaimPolicy, ['Delete', 'Retain'])),
    ...(mode === undefined ? [required(at)] : bindingModes.includes(mode) ? [] : [notSupported(at, mode, bindingModes)]),
    ...topologyErrors(allowedTopologies ?? []),
  ];
}

/** validateAllowedTopologies. Upstream compares each term with those before it, and with as many empty ones as there are terms. */
function topologyErrors(terms: NonNullable<StorageClass['allowedTopologies']>): FieldError[] {
  const seen = terms.map(() => '[]');
  return terms.flatMap(({ matchLabelExpressions = [] }, index) => {
    const at = path('allowedTopologies').index(index).child('matchLabelExpressions');
    const faults = matchLabelExpressions.flatMap(({ key, values }, position) => {
      const own = at.index(position);
      return [
        ...(values.length === 0 ? [required(own.child('values'))] : []),
        ...values.flatMap((value, place) => (values.indexOf(value) < place ? [duplicate(own.child('values').index(place), value)] : [])),
        ...checked(own.child('key'), key, qualifiedNameFaults),
        ...(matchLabelExpressions.findIndex((other) => other.key === key) < position ? [duplicate(own.child('key'), key)] : []),
      ];
    });
    const values = new Map(matchLabelExpressions.map((one) => [one.key, [...new Set(one.values)].sort()]));
    const form = JSON.stringify([...values].sort());
    faults.push(...seen.filter((other) => other === form).map(() => duplicate(at, '')));
    seen.push(form);
    return faults;
  });
}
