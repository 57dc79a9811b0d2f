import type { ResourceQuota } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { age, name, text } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { resetsStatus } from '../../shared/strategy.ts';
import { validateQuota, validateQuotaStatus, validateQuotaUpdate } from './validation.ts';

export const resourcequotas = define<ResourceQuota>({
  ...fromFacts('', 'v1', 'resourcequotas'),
  strategy: {
    ...resetsStatus<ResourceQuota>(),
    validate: validateQuota,
    namesOnCreateOnly: true,
    validateUpdate: validateQuotaUpdate,
    validateStatusUpdate: validateQuotaStatus,
  },
  columns: [name, text('Request', (quota) => amounts(quota, false)), text('Limit', (quota) => amounts(quota, true)), age],
});

function amounts({ status }: ResourceQuota, limits: boolean): string {
  return Object.keys(status.hard ?? {})
    .filter((resource) => resource.startsWith('limits.') === limits)
    .sort()
    .map((resource) => `${resource}: ${status.used?.[resource] ?? '0'}/${status.hard?.[resource] ?? '0'}`)
    .join(', ');
}
