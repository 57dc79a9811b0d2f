/** Admin access to devices is for namespaces that say so. AuthorizedForAdmin of pkg/registry/resource/utils.go. */
import type { DeviceRequest } from '../../api/generated/types.ts';
import { forbiddenField, path, type FieldError } from '../../api/field-errors.ts';
import type { KubeObject } from '../../api/object.ts';
import type { ResourceDeps } from '../deps.ts';

const label = 'resource.kubernetes.io/admin-access';

export async function adminAccessErrors(
  deps: ResourceDeps,
  { metadata, requests }: { readonly metadata: KubeObject['metadata']; readonly requests: readonly DeviceRequest[] },
): Promise<FieldError[]> {
  const index = requests.findIndex(({ exactly }) => exactly?.adminAccess === true);
  if (index < 0) return [];
  const entry = await deps.stores('', 'v1', 'namespaces')?.get('', metadata.namespace ?? '');
  if (entry?.object.metadata.labels?.[label] === 'true') return [];
  const at = path('spec', 'devices', 'requests').index(index).child('adminAccess');
  const why = `admin access to devices requires the \`${label}: true\` label on the containing namespace`;
  return [forbiddenField(at, why)];
}
