import type { IPAddress } from '../../../api/generated/types.ts';
import { path, required, type FieldError } from '../../../api/field-errors.ts';
import { addressFaults } from '../../../api/ip.ts';
import { define } from '../../../registry/definition.ts';
import { name, text } from '../../shared/columns.ts';
import { immutable, requiredText } from '../../shared/checks.ts';
import { fromFacts } from '../../shared/facts.ts';

export const ipaddresses = define<IPAddress>({
  ...fromFacts('networking.k8s.io', 'v1', 'ipaddresses'),
  strategy: {
    validate,
    validateUpdate: (address, old) => immutable(path('spec', 'parentRef'), address.spec?.parentRef, old.spec?.parentRef),
    validateName: (value) => addressFaults(path(), value).map((fault) => fault.body.replace(/^Invalid value: "[^"]*": /, '')),
  },
  selectableFields: {},
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
  return [...requiredText(at.child('resource'), parent.resource), ...requiredText(at.child('name'), parent.name)];
}
