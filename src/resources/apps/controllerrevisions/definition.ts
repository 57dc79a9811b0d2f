import { semanticEqual } from '../../../api/json.ts';
import type { ControllerRevision } from '../../../api/generated/types.ts';
import { invalid, path, required, type FieldError } from '../../../api/field-errors.ts';
import { define } from '../../../registry/definition.ts';
import { age, name, text } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';

export const controllerrevisions = define<ControllerRevision>({
  ...fromFacts('apps', 'v1', 'controllerrevisions'),
  strategy: {
    validate,
    validateUpdate: (object, old) => [
      ...validate(object),
      ...(semanticEqual(object.data, old.data) ? [] : [invalid(path('data'), object.data, 'field is immutable')]),
    ],
  },
  columns: [
    name,
    text('Controller', ({ metadata }) => {
      const owner = metadata.ownerReferences?.find((reference) => reference.controller === true);
      if (owner === undefined) return '<none>';
      const group = owner.apiVersion.includes('/') ? `.${owner.apiVersion.split('/')[0] ?? ''}` : '';
      return `${owner.kind}${group}/${owner.name}`.toLowerCase().replace(owner.name.toLowerCase(), owner.name);
    }),
    text('Revision', ({ revision }) => revision),
    age,
  ],
});

function validate({ data: given, revision }: ControllerRevision): FieldError[] {
  const data = given as unknown;
  return [
    ...(data === undefined || data === null
      ? [required(path('data'), 'data is mandatory')]
      : typeof data !== 'object' || Array.isArray(data)
        ? [required(path('data'), 'data must be a valid JSON object')]
        : []),
    ...(revision < 0 ? [invalid(path('revision'), revision, 'must be greater than or equal to 0')] : []),
  ];
}
