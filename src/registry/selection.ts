/** Selectors of a request, as lists and watches take them. */
import { badRequest } from '../api/errors.ts';
import type { KubeObject } from '../api/object.ts';
import { type FieldRequirement, labelSelectorMatcher, parseFieldSelector, pinnedField } from '../api/selectors.ts';
import type { ResourceDefinition } from './definition.ts';
import type { Selection } from './store.ts';

export interface SelectionText {
  /** '' or missing: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

type FieldOf = (object: KubeObject) => string;

/** Throws 400 BadRequest for selectors that cannot be read and for fields that the kind cannot be selected by. */
export function selectionOf(definition: ResourceDefinition, text: SelectionText): Selection {
  const labels = labelSelectorMatcher(text.labelSelector);
  const requirements = parseFieldSelector(text.fieldSelector ?? '');
  const name = pinnedField(requirements, 'metadata.name');
  // A name alone needs no look at the object.
  const isNameOnly = name !== undefined && name !== '' && requirements.length === 1;
  const checks = isNameOnly ? [] : requirements.map((requirement) => fieldCheck(definition, requirement));
  const given = definition.namespaced ? (text.namespace ?? '') : '';
  const namespace = given === '' && definition.namespaced ? (pinnedField(requirements, 'metadata.namespace') ?? '') : given;
  return {
    namespace,
    ...(labels === undefined ? {} : { labels }),
    ...(checks.length === 0 ? {} : { fields: (object: KubeObject) => checks.every((check) => check(object)) }),
    ...(labels === undefined && checks.length === 0 ? {} : { text: textOf(definition, text) }),
    // An empty name is no key.
    ...(name === undefined || name === '' ? {} : { name }),
  };
}

/** Versions of a kind share a cache, and need not have the same fields. */
const textOf = ({ group, version }: ResourceDefinition, { labelSelector = '', fieldSelector = '' }: SelectionText): string =>
  `${group}/${version}\0${labelSelector}\0${fieldSelector}`;

function fieldCheck(definition: ResourceDefinition, { field, operator, value }: FieldRequirement): (object: KubeObject) => boolean {
  const read = fieldOf(definition, field);
  return operator === '=' ? (object) => read(object) === value : (object) => read(object) !== value;
}

function fieldOf(definition: ResourceDefinition, field: string): FieldOf {
  const { selectableFields, namespaced } = definition;
  if (field === 'metadata.name') return ({ metadata }) => metadata.name;
  if (field === 'metadata.namespace' && (namespaced || selectableFields === undefined)) return ({ metadata }) => metadata.namespace ?? '';
  const read = selectableFields !== undefined && Object.hasOwn(selectableFields, field) ? selectableFields[field] : undefined;
  if (read !== undefined) return read;
  throw badRequest(
    selectableFields === undefined
      ? `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`
      : refusal(definition, field),
  );
}

/** Some kinds have words of their own (pkg/apis/batch/v1/conversion.go, pkg/apis/resource/v1/conversion.go). */
function refusal({ group, resource }: ResourceDefinition, field: string): string {
  switch (`${group}/${resource}`) {
    case 'batch/jobs':
      return `field label ${JSON.stringify(field)} not supported for Job`;
    case 'resource.k8s.io/resourceslices':
      return `field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: ${field}`;
    default:
      return `field label not supported: ${field}`;
  }
}
