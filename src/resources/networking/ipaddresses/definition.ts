import type { IPAddress } from '../../../api/generated/types.ts';
import { invalid, path, required, type FieldError } from '../../../api/field-errors.ts';
import { internalForm } from '../../../api/internal-form.ts';
import { semanticEqual } from '../../../api/json.ts';
import { dns1123SubdomainFaults } from '../../../api/names.ts';
import { addressFaults } from '../../../api/ip.ts';
import { define } from '../../../registry/definition.ts';
import { age, name, text } from '../../shared/columns.ts';
import { checked } from '../../shared/names.ts';
import { segmentErrors } from '../../shared/object-reference.ts';
import { fromFacts } from '../../shared/facts.ts';

export const ipaddresses = define<IPAddress>({
  ...fromFacts('networking.k8s.io', 'v1', 'ipaddresses'),
  strategy: {
    // Nothing is put behind the base: no address comes of it.
    generateName: (base) => base,
    validate,
    validateUpdate: (address, old) => [...validate(address), ...changedParent(address, old)],
    validateName: (value) => addressFaults(path(), value).map((fault) => fault.body.replace(/^Invalid value: "[^"]*": /, '')),
  },
  // Upstream's rows have an age for which there is no column.
  extraCells: [age],
  columns: [
    name,
    text('ParentRef', ({ spec }) => {
      if (spec?.parentRef === undefined) return '<none>';
      const { group = '', resource = '', namespace = '', name: parent = '' } = spec.parentRef;
      return [`${resource}${group === '' ? '' : `.${group}`}`.toLowerCase(), ...(namespace === '' ? [] : [namespace]), parent].join('/');
    }),
  ],
});

function validate({ spec }: IPAddress): FieldError[] {
  const at = path('spec', 'parentRef');
  const parent = spec?.parentRef;
  if (parent === undefined) return [required(at)];
  const { group = '', resource, name: parentName, namespace = '' } = parent;
  return [
    ...(group === '' ? [] : checked(at.child('group'), group, dns1123SubdomainFaults)),
    ...segmentErrors(resource, at.child('resource')),
    ...segmentErrors(parentName, at.child('name')),
    ...(namespace === '' ? [] : segmentErrors(namespace, at.child('namespace'))),
  ];
}

function changedParent({ spec }: IPAddress, old: IPAddress): FieldError[] {
  const parent = spec?.parentRef;
  if (semanticEqual(parent, old.spec?.parentRef)) return [];
  const shown = parent === undefined ? null : internalForm('networking.ParentReference', parent);
  return [invalid(path('spec', 'parentRef'), shown, 'field is immutable')];
}
