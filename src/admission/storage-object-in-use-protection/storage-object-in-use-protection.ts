/** Volumes and claims do not go while they are used (plugin/pkg/admission/storage/storageobjectinuseprotection). */
import type { AdmissionPlugin } from '../../registry/admission.ts';
import { isAbout } from '../shared/request.ts';

const protections = [
  { group: '', resource: 'persistentvolumes', finalizer: 'kubernetes.io/pv-protection' },
  { group: '', resource: 'persistentvolumeclaims', finalizer: 'kubernetes.io/pvc-protection' },
  { group: 'storage.k8s.io', resource: 'volumeattributesclasses', finalizer: 'kubernetes.io/vac-protection' },
] as const;

export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  changes: protections.map(({ group, resource }) => `${group}/${resource}`),
  mutate(request) {
    const { operation, object } = request;
    if (operation !== 'CREATE' || object === undefined) return;
    const found = protections.find(({ group, resource }) => isAbout(request, group, resource));
    if (found === undefined) return;
    const finalizers = object.metadata.finalizers ?? [];
    if (!finalizers.includes(found.finalizer)) object.metadata.finalizers = [...finalizers, found.finalizer];
  },
};
