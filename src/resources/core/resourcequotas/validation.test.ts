import { describe, expect, test } from '@jest/globals';
import type { ResourceQuota } from '../../../api/generated/types.ts';
import { validateQuota, validateQuotaUpdate } from './validation.ts';

const quota = (spec: object): ResourceQuota => ({ metadata: { name: 'q' }, spec, status: {} }) as unknown as ResourceQuota;
const faults = (spec: object): string[] => validateQuota(quota(spec)).map(({ field, body }) => `${field}: ${body}`);

describe('resource quotas', () => {
  test.each([
    [{}, []],
    [{ hard: { pods: '5', 'requests.cpu': '1500m', 'count/widgets.example.com': '5', 'requests.hugepages-2Mi': '1Gi' } }, []],
    [
      { hard: { nonsense: '1', pods: '-1' } },
      [
        'spec.hard[nonsense]: Invalid value: "nonsense": must be a standard resource type or fully qualified',
        'spec.hard[nonsense]: Invalid value: "nonsense": must be a standard resource for quota',
        'spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0',
      ],
    ],
    [
      { hard: { pods: '1.5' }, scopes: ['BestEffort', 'NotBestEffort'] },
      [
        'spec.hard[pods]: Invalid value: "1500m": must be an integer',
        'spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes',
      ],
    ],
    [{ hard: { cpu: '1' }, scopes: ['BestEffort'] }, ['spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource']],
    [{ scopes: ['x'] }, ['spec.scopes: Invalid value: ["x"]: unsupported scope']],
    [
      { scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In' }] } },
      [
        "spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
      ],
    ],
  ])('%j', (spec, expected) => expect(faults(spec)).toEqual(expected));

  test('scopes stay, in whatever order', () => {
    const old = quota({ scopes: ['Terminating', 'PriorityClass'] });
    expect(validateQuotaUpdate(quota({ scopes: ['PriorityClass', 'Terminating'] }), old)).toEqual([]);
    expect(validateQuotaUpdate(quota({}), old)).toMatchObject([{ field: 'spec.scopes', body: 'Invalid value: null: field is immutable' }]);
  });
});
