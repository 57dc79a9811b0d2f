import type { ResourceV1ResourceClaim as ResourceClaim } from '../../../api/generated/types.ts';
import { path } from '../../../api/field-errors.ts';
import { define } from '../../../registry/definition.ts';
import { age, name, text } from '../../shared/columns.ts';
import { immutable } from '../../shared/checks.ts';
import { defaultDeviceRequests } from '../../shared/device-requests.ts';
import { fromFacts } from '../../shared/facts.ts';
import { resetsStatus } from '../../shared/strategy.ts';

export const resourceclaims = define<ResourceClaim>({
  ...fromFacts('resource.k8s.io', 'v1', 'resourceclaims'),
  strategy: {
    statusKeeps: 'metadata',
    ...resetsStatus<ResourceClaim>(),
    default: ({ spec }) => defaultDeviceRequests(spec),
    validateUpdate: ({ spec }, old) => immutable(path('spec'), spec, old.spec),
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
