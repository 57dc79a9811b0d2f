/** Claims grow only where their class allows it (plugin/pkg/admission/storage/persistentvolume/resize). */
import type { PersistentVolumeClaim, StorageClass } from '../../api/generated/types.ts';
import { parseQuantity, type Quantity } from '../../api/quantity.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../registry/admission.ts';
import type { AdmissionDeps } from '../shared/deps.ts';
import { find } from '../shared/read.ts';
import { isAbout, refuse } from '../shared/request.ts';

const storageClasses = { group: 'storage.k8s.io', version: 'v1', resource: 'storageclasses' } as const;
const classAnnotation = 'volume.beta.kubernetes.io/storage-class';

export function persistentVolumeClaimResize({ registry }: AdmissionDeps): AdmissionPlugin {
  return {
    name: 'PersistentVolumeClaimResize',
    validate(request) {
      const { operation, object, old } = request;
      if (operation !== 'UPDATE' || !isAbout(request, '', 'persistentvolumeclaims') || object === undefined || old === undefined)
        return undefined;
      const [claim, before] = [object, old] as unknown as [PersistentVolumeClaim, PersistentVolumeClaim];
      return sizeOf(claim).compare(sizeOf(before)) > 0 ? checkGrowth(request, claim, before) : undefined;
    },
  };

  async function checkGrowth(request: AdmissionRequest, claim: PersistentVolumeClaim, before: PersistentVolumeClaim): Promise<void> {
    if (before.status.phase !== 'Bound') throw refuse(request, 'Only bound persistent volume claims can be expanded');
    const name = classOf(claim);
    const known = name === '' || name !== classOf(before) ? undefined : await find<StorageClass>(registry(), storageClasses, { name });
    if (known?.allowVolumeExpansion !== true) {
      const why = 'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize';
      throw refuse(request, why);
    }
  }
}

function sizeOf({ spec }: PersistentVolumeClaim): Quantity {
  return parseQuantity(spec.resources?.requests?.['storage'] ?? '0');
}

/** The annotation, which is older, counts first. */
function classOf({ metadata, spec }: PersistentVolumeClaim): string {
  return metadata.annotations?.[classAnnotation] ?? spec.storageClassName ?? '';
}
