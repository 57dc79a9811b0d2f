/** Admin access to devices is for namespaces that say so. AuthorizedForAdmin and AuthorizedForAdminStatus of pkg/registry/resource/utils.go. */
import type { DeviceRequest, ResourceV1ResourceClaim as ResourceClaim } from '../../api/generated/types.ts';
import { forbiddenField, path, type FieldError, type Path } from '../../api/field-errors.ts';
import type { KubeObject } from '../../api/object.ts';
import type { ResourceDeps } from '../deps.ts';

const label = 'resource.kubernetes.io/admin-access';

export async function adminAccessErrors(
  deps: ResourceDeps,
  { metadata, requests }: { readonly metadata: KubeObject['metadata']; readonly requests: readonly DeviceRequest[] },
): Promise<FieldError[]> {
  const index = requests.findIndex(({ exactly }) => exactly?.adminAccess === true);
  return index < 0 ? [] : namespaceErrors(deps, metadata, path('spec', 'devices', 'requests').index(index).child('adminAccess'));
}

/** The same for what is allocated, unless it was granted before. */
export async function adminAccessStatusErrors(deps: ResourceDeps, claim: ResourceClaim, old: ResourceClaim): Promise<FieldError[]> {
  const first = ({ status }: ResourceClaim): number =>
    (status.allocation?.devices?.results ?? []).findIndex(({ adminAccess }) => adminAccess === true);
  const index = first(claim);
  if (index < 0 || first(old) >= 0) return [];
  return namespaceErrors(deps, claim.metadata, path('status', 'allocation', 'devices', 'results').index(index).child('adminAccess'));
}

async function namespaceErrors(deps: ResourceDeps, metadata: KubeObject['metadata'], at: Path): Promise<FieldError[]> {
  const entry = await deps.stores('', 'v1', 'namespaces')?.get('', metadata.namespace ?? '');
  if (entry?.object.metadata.labels?.[label] === 'true') return [];
  return [forbiddenField(at, `admin access to devices requires the \`${label}: true\` label on the containing namespace`)];
}
