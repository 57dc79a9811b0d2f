/** Nothing is made in a namespace that is not there or is going (apiserver pkg/admission/plugin/namespace/lifecycle). */
import { ApiError, forbidden, notFound } from '../../api/errors.ts';
import type { Namespace } from '../../api/generated/types.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../registry/admission.ts';
import type { AdmissionDeps } from '../shared/deps.ts';
import { find } from '../shared/read.ts';
import { isOf, refuse } from '../shared/request.ts';

const namespaces = { group: '', version: 'v1', resource: 'namespaces' } as const;
const immortal: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public']);

export function namespaceLifecycle({ registry }: AdmissionDeps): AdmissionPlugin {
  return { name: 'NamespaceLifecycle', changes: [], mutate: (request) => (concerns(request) ? check(request) : undefined) };

  async function check(request: AdmissionRequest): Promise<void> {
    const { namespace: name } = request;
    const namespace = await find<Namespace>(registry(), namespaces, { name });
    if (namespace === undefined) throw notFound(namespaces, name);
    if (request.operation === 'CREATE' && namespace.status?.phase === 'Terminating') throw terminating(request);
  }
}

/** Throws for deletions that are never allowed; false when there is nothing to look up. */
function concerns({ operation, definition, namespace, name }: AdmissionRequest): boolean {
  if (isOf(definition, '', 'namespaces')) {
    if (operation === 'DELETE' && immortal.has(name)) throw forbidden(definition, name, 'this namespace may not be deleted');
    return false;
  }
  if (namespace === '' || operation === 'DELETE' || operation === 'CONNECT') return false;
  return !isOf(definition, 'authorization.k8s.io', 'localsubjectaccessreviews');
}

function terminating(request: AdmissionRequest): ApiError {
  const { namespace } = request;
  const { message, details } = refuse(request, `unable to create new content in namespace ${namespace} because it is being terminated`);
  return new ApiError('Forbidden', message, {
    details: {
      ...details,
      causes: [{ reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' }],
    },
  });
}
