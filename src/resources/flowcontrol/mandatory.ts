/** What the flow schemas and priority levels say that no server is without (apiserver pkg/apis/flowcontrol/bootstrap/default.go). */
import type { FlowSchema, PriorityLevelConfiguration } from '../../api/generated/types.ts';
import { invalid, path, type FieldError } from '../../api/field-errors.ts';
import { internalForm } from '../../api/internal-form.ts';
import { semanticEqual } from '../../api/json.ts';

type SchemaSpec = FlowSchema['spec'];
type LevelSpec = PriorityLevelConfiguration['spec'];

function everythingOf(...names: readonly string[]): NonNullable<SchemaSpec['rules']>[number] {
  return {
    subjects: names.map((name) => ({ kind: 'Group', group: { name } })),
    resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
    nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
  };
}

export const mandatorySchemaSpecs = {
  exempt: { priorityLevelConfiguration: { name: 'exempt' }, matchingPrecedence: 1, rules: [everythingOf('system:masters')] },
  'catch-all': {
    priorityLevelConfiguration: { name: 'catch-all' },
    matchingPrecedence: 10_000,
    distinguisherMethod: { type: 'ByUser' },
    rules: [everythingOf('system:unauthenticated', 'system:authenticated')],
  },
} as const satisfies Readonly<Record<string, SchemaSpec>>;

export const mandatoryLevelSpecs = {
  exempt: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
  'catch-all': { type: 'Limited', limited: { nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: 'Reject' } } },
} as const satisfies Readonly<Record<string, LevelSpec>>;

const at = path('spec');
const specOf = <Spec>(specs: Readonly<Record<string, Spec>>, name: string): Spec | undefined =>
  Object.hasOwn(specs, name) ? specs[name] : undefined;

export function mandatorySchemaErrors({ metadata: { name }, spec }: FlowSchema): FieldError[] {
  const wanted = specOf<SchemaSpec>(mandatorySchemaSpecs, name);
  if (wanted === undefined || semanticEqual(spec, wanted)) return [];
  return [invalid(at, internalForm('flowcontrol.FlowSchemaSpec', spec), `spec of '${name}' must equal the fixed value`)];
}

/** Who runs the cluster may say what the exempt level lends. */
export function mandatoryLevelErrors({ metadata: { name }, spec }: PriorityLevelConfiguration): FieldError[] {
  const wanted = specOf<LevelSpec>(mandatoryLevelSpecs, name);
  const exempt = name === 'exempt';
  if (wanted === undefined || semanticEqual(exempt ? { ...spec, exempt: wanted.exempt } : spec, wanted)) return [];
  const why = exempt ? `spec of '${name}' except the 'spec.exempt' field` : `spec of '${name}'`;
  return [invalid(at, internalForm('flowcontrol.PriorityLevelConfigurationSpec', spec), `${why} must equal the fixed value`)];
}
