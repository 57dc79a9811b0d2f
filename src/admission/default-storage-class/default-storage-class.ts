/** Claims that name no storage class get the default one (plugin/pkg/admission/storage/storageclass/setdefault). */
import type { PersistentVolumeClaim } from '../../api/generated/types.ts';
import type { KubeObject } from '../../api/object.ts';
import type { AdmissionPlugin } from '../../registry/admission.ts';
import type { AdmissionDeps } from '../shared/deps.ts';
import { defaultClass, objectsOf } from '../shared/read.ts';
import { isAbout } from '../shared/request.ts';

const storageClasses = { group: 'storage.k8s.io', version: 'v1', resource: 'storageclasses' } as const;
const defaultAnnotations = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];
/** How claims named their class before there was a field. */
const classAnnotation = 'volume.beta.kubernetes.io/storage-class';

export function defaultStorageClass({ registry }: AdmissionDeps): AdmissionPlugin {
  return {
    name: 'DefaultStorageClass',
    changes: ['/persistentvolumeclaims'],
    mutate(request) {
      if (request.operation !== 'CREATE' || !isAbout(request, '', 'persistentvolumeclaims') || request.object === undefined)
        return undefined;
      const claim = request.object as unknown as PersistentVolumeClaim;
      if (claim.spec?.storageClassName !== undefined || request.object.metadata.annotations?.[classAnnotation] !== undefined)
        return undefined;
      return setDefault(claim);
    },
  };

  async function setDefault(claim: PersistentVolumeClaim): Promise<void> {
    const found = defaultClass(await objectsOf<KubeObject>(registry(), storageClasses), defaultAnnotations);
    if (found === undefined) return;
    claim.spec ??= {};
    claim.spec.storageClassName = found.metadata.name;
  }
}
