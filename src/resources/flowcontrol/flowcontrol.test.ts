import { expect, test } from '@jest/globals';
import type { FlowSchema } from '../../api/generated/types.ts';
import { typedConditionErrors } from './conditions.ts';
import { validateFlowSchema } from './flowschemas/validation.ts';

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
