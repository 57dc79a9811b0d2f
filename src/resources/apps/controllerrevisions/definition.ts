import { isJsonObject, semanticEqual } from '../../../api/json.ts';
import type { ControllerRevision } from '../../../api/generated/types.ts';
import { invalid, path, required, type FieldError } from '../../../api/field-errors.ts';
import { define } from '../../../registry/definition.ts';
import { age, name, text } from '../../shared/columns.ts';
import { nonNegative } from '../../shared/checks.ts';
import { fromFacts } from '../../shared/facts.ts';

export const controllerrevisions = define<ControllerRevision>({
  ...fromFacts('apps', 'v1', 'controllerrevisions'),
  strategy: {
    validate,
    validateUpdate: (object, old) => [
      ...revisionErrors(object),
      ...(semanticEqual(object.data, old.data) ? [] : [invalid(path('data'), sorted(object.data), 'field is immutable')]),
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

function validate(object: ControllerRevision): FieldError[] {
  const data = object.data as unknown;
  return [
    ...revisionErrors(object),
    ...(data === undefined || data === null
      ? [required(path('data'), 'data is mandatory')]
      : typeof data !== 'object' || Array.isArray(data)
        ? [required(path('data'), 'data must be a valid JSON object')]
        : []),
  ];
}

function revisionErrors({ revision }: ControllerRevision): FieldError[] {
  return nonNegative(path('revision'), revision);
}

/** Patched data is shown as the map that it went through. */
function sorted(data: unknown): unknown {
  return isJsonObject(data) ? Object.fromEntries(Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1))) : data;
}
