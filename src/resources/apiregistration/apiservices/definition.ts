import type { APIService } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { age, name, text } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { resetsStatus } from '../../shared/strategy.ts';
import { serviceErrors, serviceStatusErrors } from './validation.ts';

/** Served as objects; aggregation is for a later issue. */
export const apiservices = define<APIService>({
  owned: { status: { never: ['spec', 'metadata'] } },
  ...fromFacts('apiregistration.k8s.io', 'v1', 'apiservices'),
  strategy: {
    ...resetsStatus<APIService>(),
    default({ spec }) {
      if (spec.service !== undefined) spec.service.port ??= 443;
    },
    validateName: () => [],
    validate: serviceErrors,
    validateUpdate: serviceErrors,
    validateStatusUpdate: serviceStatusErrors,
    allowUnconditionalUpdate: false,
  },
  columns: [
    name,
    {
      ...text<APIService>('Service', ({ spec: { service } }) =>
        service === undefined ? 'Local' : `${service.namespace ?? ''}/${service.name ?? ''}`,
      ),
      description: 'The reference to the service that hosts this API endpoint.',
    },
    { ...text<APIService>('Available', availability), description: 'Whether this service is available.' },
    age,
  ],
});

function availability({ status }: APIService): string {
  const available = status.conditions?.find((condition) => condition.type === 'Available');
  if (available === undefined) return 'Unknown';
  return available.status === 'True' ? 'True' : `${available.status} (${available.reason ?? ''})`;
}
