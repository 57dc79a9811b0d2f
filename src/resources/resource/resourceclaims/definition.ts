import type { ResourceV1ResourceClaim as ResourceClaim } from '../../../api/generated/types.ts';
import { invalid, path, type FieldError } from '../../../api/field-errors.ts';
import { internalForm } from '../../../api/internal-form.ts';
import { cloneJson, semanticEqual } from '../../../api/json.ts';
import { define, type ResourceDefinition } from '../../../registry/definition.ts';
import type { ResourceDeps } from '../../deps.ts';
import { adminAccessErrors, adminAccessStatusErrors } from '../../shared/admin-access.ts';
import { age, name, text } from '../../shared/columns.ts';
import { defaultDeviceRequests } from '../../shared/device-requests.ts';
import { claimErrors } from '../../shared/devices.ts';
import { fromFacts } from '../../shared/facts.ts';
import { resetsStatus } from '../../shared/strategy.ts';
import { claimStatusErrors } from './status.ts';

export const resourceclaims = (deps: ResourceDeps): ResourceDefinition =>
  define<ResourceClaim>({
    ...fromFacts('resource.k8s.io', 'v1', 'resourceclaims'),
    tablelessStatus: true,
    strategy: {
      statusKeeps: 'metadata',
      ...resetsStatus<ResourceClaim>(),
      default: ({ spec }) => defaultDeviceRequests(spec),
      validate: ({ spec }) => claimErrors(spec, path('spec')),
      // the faults of an unchangeable specification would say nothing more
      validateUpdate: ({ spec }, old) => changed(spec, old.spec),
      prepareForStatusUpdate(claim, old) {
        claim.spec = cloneJson(old.spec);
        // what is no longer allocated has no devices to tell about
        if (old.status.allocation !== undefined && claim.status.allocation === undefined) delete claim.status.devices;
      },
      validateStatusUpdate: claimStatusErrors,
      validateStatusAmongOthers: (claim, old) => adminAccessStatusErrors(deps, claim, old),
      validateAmongOthers: ({ metadata, spec }) => adminAccessErrors(deps, { metadata, requests: spec.devices?.requests ?? [] }),
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
