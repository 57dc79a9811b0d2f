/** Selector texts of a request, bound to what the kind lets one select by. */
import { badRequest } from '../api/errors.ts';
import type { KubeObject } from '../api/object.ts';
import { type FieldRequirement, labelSelectorMatcher, parseFieldSelector } from '../api/selectors.ts';
import type { ResourceDefinition } from '../registry/definition.ts';
import type { Selection } from '../registry/store.ts';

export interface SelectorTexts {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** Throws 400 for text that is no selector and for fields the kind does not offer. */
export function selectionOf(definition: ResourceDefinition, { namespace = '', labelSelector, fieldSelector }: SelectorTexts): Selection {
  const labels = labelSelectorMatcher(labelSelector);
  const fields = fieldSelection(definition, fieldSelector);
  return { namespace, ...(labels === undefined ? {} : { labels }), ...fields };
}

/** `metadata.name=x` alone is a name; everything else is a predicate (and a name, when it pins one). */
function fieldSelection(definition: ResourceDefinition, text: string | undefined): Pick<Selection, 'fields' | 'name'> {
  if (text === undefined || text.trim() === '') return {};
  const requirements = parseFieldSelector(text);
  if (requirements.length === 0) return {};
  const tests = requirements.map((requirement) => fieldTest(definition, requirement));
  const pinned = requirements.find(({ field, operator }) => field === 'metadata.name' && operator !== '!=');
  if (pinned !== undefined && requirements.length === 1) return { name: pinned.value };
  return { fields: (object) => tests.every((test) => test(object)), ...(pinned === undefined ? {} : { name: pinned.value }) };
}

function fieldTest(definition: ResourceDefinition, { field, operator, value }: FieldRequirement): (object: KubeObject) => boolean {
  const read = fieldReader(definition, field);
  return operator === '!=' ? (object) => read(object) !== value : (object) => read(object) === value;
}

function fieldReader(definition: ResourceDefinition, field: string): (object: KubeObject) => string {
  if (field === 'metadata.name') return (object) => object.metadata.name;
  if (field === 'metadata.namespace' && definition.namespaced) return (object) => object.metadata.namespace ?? '';
  const own = definition.selectableFields?.[field];
  if (own !== undefined) return own;
  if (definition.selectableFields === undefined)
    throw badRequest(`${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`);
  throw badRequest(`field label not supported: ${field}`);
}
