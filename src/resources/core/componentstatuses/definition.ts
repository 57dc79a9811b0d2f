import type { ComponentStatus } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { name, text } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';

/** Deprecated and read-only: nothing ever writes one, so lists are empty. */
export const componentstatuses = define<ComponentStatus>({
  ...fromFacts('', 'v1', 'componentstatuses'),
  deprecation: 'v1 ComponentStatus is deprecated in v1.19+',
  versionless: true,
  strategy: {},
  columns: [
    name,
    text('Status', (component) => {
      const status = healthy(component)?.status;
      return status === undefined ? 'Unknown' : status === 'True' ? 'Healthy' : 'Unhealthy';
    }),
    text('Message', (component) => healthy(component)?.message ?? ''),
    text('Error', (component) => healthy(component)?.error ?? ''),
  ],
});

function healthy({ conditions }: ComponentStatus) {
  return conditions?.find((condition) => condition.type === 'Healthy');
}
