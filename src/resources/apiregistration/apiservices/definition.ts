import type { APIService } from '../../../api/generated/types.ts';
import { invalid, path, required, type FieldError } from '../../../api/field-errors.ts';
import { define } from '../../../registry/definition.ts';
import { age, name, text } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { resetsStatus } from '../../shared/strategy.ts';

/** Served as objects; aggregation is for a later issue. */
export const apiservices = define<APIService>({
  owned: { status: { never: ['spec', 'metadata'] } },
  ...fromFacts('apiregistration.k8s.io', 'v1', 'apiservices'),
  strategy: {
    ...resetsStatus<APIService>(),
    default({ spec }) {
      if (spec.service !== undefined) spec.service.port ??= 443;
    },
    validate,
    validateUpdate: validate,
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

function validate({ metadata, spec }: APIService): FieldError[] {
  const wanted = `${spec.version ?? ''}.${spec.group ?? ''}`;
  return [
    ...(metadata.name === wanted
      ? []
      : [invalid(path('metadata', 'name'), metadata.name, `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`)]),
    ...((spec.version ?? '') === '' ? [required(path('spec', 'version'))] : []),
    ...(spec.groupPriorityMinimum <= 0 || spec.groupPriorityMinimum > 20_000
      ? [invalid(path('spec', 'groupPriorityMinimum'), spec.groupPriorityMinimum, 'must be positive and less than 20000')]
      : []),
    ...(spec.versionPriority <= 0 || spec.versionPriority > 1000
      ? [invalid(path('spec', 'versionPriority'), spec.versionPriority, 'must be positive and less than 1000')]
      : []),
  ];
}
