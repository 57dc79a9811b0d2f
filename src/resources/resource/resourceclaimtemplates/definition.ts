import type { ResourceClaimTemplate } from '../../../api/generated/types.ts';
import { path } from '../../../api/field-errors.ts';
import { define } from '../../../registry/definition.ts';
import { nameAndAge } from '../../shared/columns.ts';
import { immutable } from '../../shared/checks.ts';
import { defaultDeviceRequests } from '../../shared/device-requests.ts';
import { fromFacts } from '../../shared/facts.ts';

export const resourceclaimtemplates = define<ResourceClaimTemplate>({
  ...fromFacts('resource.k8s.io', 'v1', 'resourceclaimtemplates'),
  strategy: {
    default: ({ spec }) => defaultDeviceRequests(spec.spec),
    validateUpdate: ({ spec }, old) => immutable(path('spec'), spec, old.spec),
  },
  columns: nameAndAge,
});
