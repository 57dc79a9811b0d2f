import { expect, test } from '@jest/globals';
import type { FlowSchema, PriorityLevelConfiguration } from '../../api/generated/types.ts';
import { typedConditionErrors } from './conditions.ts';
import { validateFlowSchema } from './flowschemas/validation.ts';
import { mandatoryLevelErrors, mandatoryLevelSpecs, mandatorySchemaErrors, mandatorySchemaSpecs } from './mandatory.ts';

test('conditions have types, each its own', () => {
  const told = typedConditionErrors([{ type: 'a' }, {}, { type: 'a' }]).map(({ field, body }) => `${field}: ${body}`);
  expect(told).toEqual(['status.conditions[1].type: Required value', 'status.conditions[2].type: Duplicate value: "a"']);
  expect(typedConditionErrors(undefined)).toEqual([]);
});

test('lists of a rule that are null are empty ones', () => {
  const schema = {
    metadata: { name: 's' },
    spec: {
      matchingPrecedence: 5,
      priorityLevelConfiguration: { name: 'l' },
      rules: [
        {
          subjects: null,
          resourceRules: [{ verbs: null, apiGroups: null, resources: null, namespaces: null }],
          nonResourceRules: [{ verbs: null }],
        },
      ],
    },
    status: {},
  } as unknown as FlowSchema;
  expect(validateFlowSchema(schema).map(({ field }) => field)).toEqual([
    'spec.rules[0].subjects',
    'spec.rules[0].resourceRules[0].verbs',
    'spec.rules[0].resourceRules[0].apiGroups',
    'spec.rules[0].resourceRules[0].resources',
    'spec.rules[0].resourceRules[0].namespaces',
    'spec.rules[0].nonResourceRules[0].verbs',
    'spec.rules[0].nonResourceRules[0].nonResourceURLs',
  ]);
});

test('what every server has stays as it is, but for what the exempt level lends', () => {
  const schema = (name: string, fields: object = {}): string[] => {
    const spec = { ...mandatorySchemaSpecs['catch-all'], ...fields };
    return mandatorySchemaErrors({ metadata: { name }, spec } as unknown as FlowSchema).map(({ body }) => body.slice(-49));
  };
  expect([schema('catch-all'), schema('mine', { matchingPrecedence: 2 })]).toEqual([[], []]);
  expect(schema('catch-all', { matchingPrecedence: 2 })).toEqual([
    expect.stringContaining("spec of 'catch-all' must equal the fixed value"),
  ]);
  const level = (fields: object): string[] => {
    const spec = { ...mandatoryLevelSpecs.exempt, ...fields };
    return mandatoryLevelErrors({ metadata: { name: 'exempt' }, spec } as unknown as PriorityLevelConfiguration).map(({ body }) => body);
  };
  expect(level({ exempt: { nominalConcurrencyShares: 9, lendablePercent: 1 } })).toEqual([]);
  expect(level({ type: 'Limited' })).toEqual([expect.stringContaining("except the 'spec.exempt' field must equal the fixed value")]);
});
