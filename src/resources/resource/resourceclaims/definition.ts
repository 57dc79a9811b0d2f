import type { ResourceV1ResourceClaim as ResourceClaim } from '../../../api/generated/types.ts';
import { invalid, path, type FieldError } from '../../../api/field-errors.ts';
import { internalForm } from '../../../api/internal-form.ts';
import { semanticEqual } from '../../../api/json.ts';
import { define } from '../../../registry/definition.ts';
import { age, name, text } from '../../shared/columns.ts';
import { defaultDeviceRequests } from '../../shared/device-requests.ts';
import { claimErrors } from '../../shared/devices.ts';
import { fromFacts } from '../../shared/facts.ts';
import { resetsStatus } from '../../shared/strategy.ts';

export const resourceclaims = define<ResourceClaim>({
  ...fromFacts('resource.k8s.io', 'v1', 'resourceclaims'),
  strategy: {
    statusKeeps: 'metadata',
    ...resetsStatus<ResourceClaim>(),
    default: ({ spec }) => defaultDeviceRequests(spec),
    validate: ({ spec }) => claimErrors(spec, path('spec')),
    // the faults of an unchangeable specification would say nothing more
    validateUpdate: ({ spec }, old) => changed(spec, old.spec),
  },
  columns: [
    name,
    text('State', ({ metadata, status }) => {
      const deleted = metadata.deletionTimestamp !== undefined;
      if (status.allocation === undefined) return deleted ? 'deleted' : 'pending';
      return [...(deleted ? ['deleted'] : []), 'allocated', ...((status.reservedFor ?? []).length > 0 ? ['reserved'] : [])].join(',');
    }),
    age,
  ],
});

function changed(spec: ResourceClaim['spec'], old: ResourceClaim['spec']): FieldError[] {
  if (semanticEqual(spec, old)) return [];
  return [invalid(path('spec'), internalForm('resource.ResourceClaimSpec', spec), 'field is immutable')];
}
