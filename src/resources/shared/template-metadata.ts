/** ValidateTemplateObjectMeta: of the metadata in a template of claims only labels and annotations count. */
import type { ObjectMeta } from '../../api/generated/types.ts';
import { forbiddenField, type FieldError, type Path } from '../../api/field-errors.ts';
import { saidEmpty } from '../../api/schema/said-empty.ts';

const texts = ['name', 'generateName', 'namespace', 'selfLink', 'uid', 'resourceVersion', 'generation', 'creationTimestamp'] as const;
const pointers = ['deletionTimestamp', 'deletionGracePeriodSeconds', 'ownerReferences', 'finalizers', 'managedFields'] as const;

export function notOfTemplatesErrors(metadata: Partial<ObjectMeta>, at: Path): FieldError[] {
  const isNothing = (value: unknown): boolean => value === undefined || value === null || value === '' || value === 0;
  const given = [
    ...texts.filter((field) => !isNothing(metadata[field])),
    ...pointers.filter((field) => (metadata[field] ?? saidEmpty(metadata, field)) !== undefined),
  ];
  // Upstream makes names of fields from Go's.
  return given.map((field) => forbiddenField(at.child(field === 'uid' ? 'uID' : field), 'cannot be set'));
}
