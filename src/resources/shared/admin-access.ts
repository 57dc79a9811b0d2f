/** Admin access to devices is for namespaces that say so. AuthorizedForAdmin of pkg/registry/resource/utils.go. */
import type { DeviceRequest } from '../../api/generated/types.ts';
import { forbiddenField, invalidObject, path } from '../../api/field-errors.ts';
import type { KubeObject } from '../../api/object.ts';
import type { Reservation } from '../../registry/definition.ts';
import type { ResourceDeps } from '../deps.ts';

const label = 'resource.kubernetes.io/admin-access';
const nothing: Reservation = { commit: () => undefined, rollback: () => undefined };

/** For `beginCreate`, which may ask for other objects. Rejects with 422. */
export async function checkAdminAccess(
  deps: ResourceDeps,
  kind: string,
  { metadata, requests }: { readonly metadata: KubeObject['metadata']; readonly requests: readonly DeviceRequest[] },
): Promise<Reservation> {
  const index = requests.findIndex(({ exactly }) => exactly?.adminAccess === true);
  if (index < 0) return nothing;
  const entry = await deps.stores('', 'v1', 'namespaces')?.get('', metadata.namespace ?? '');
  if (entry?.object.metadata.labels?.[label] === 'true') return nothing;
  const at = path('spec', 'devices', 'requests').index(index).child('adminAccess');
  const why = `admin access to devices requires the \`${label}: true\` label on the containing namespace`;
  throw invalidObject({ group: 'resource.k8s.io', kind }, metadata.name ?? '', [forbiddenField(at, why)]);
}
