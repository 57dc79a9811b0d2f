/** Default, least and most resources of what is made in a namespace (plugin/pkg/admission/limitranger). */
import type { LimitRange, PersistentVolumeClaim, Pod } from '../../api/generated/types.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../registry/admission.ts';
import type { AdmissionDeps } from '../shared/deps.ts';
import { objectsOf } from '../shared/read.ts';
import { isAbout, isOf, joined, refuse } from '../shared/request.ts';
import { claimFaults, podFaults } from './constraints.ts';
import { applyDefaults } from './defaults.ts';

const limitRanges = { group: '', version: 'v1', resource: 'limitranges' } as const;

export function limitRanger({ registry }: AdmissionDeps): AdmissionPlugin {
  return {
    name: 'LimitRanger',
    changes: ['/pods'],
    mutate: (request) => (concerns(request) && isOf(request.definition, '', 'pods') ? setDefaults(request) : undefined),
    validate: (request) => (concerns(request) ? check(request) : undefined),
  };

  async function setDefaults({ namespace, object }: AdmissionRequest): Promise<void> {
    for (const range of await objectsOf<LimitRange>(registry(), limitRanges, namespace)) applyDefaults(range, object as unknown as Pod);
  }

  async function check(request: AdmissionRequest): Promise<void> {
    for (const range of await objectsOf<LimitRange>(registry(), limitRanges, request.namespace)) {
      const faults = faultsOf(range, request);
      if (faults.length > 0) throw refuse(request, joined(faults));
    }
  }
}

function faultsOf(range: LimitRange, { definition, object }: AdmissionRequest): string[] {
  if (!isOf(definition, '', 'pods')) return claimFaults(range, object as unknown as PersistentVolumeClaim);
  const { spec } = object as unknown as Pod;
  return spec === undefined ? [] : podFaults(range, spec);
}

/** New pods, resized pods, and claims, as long as they are not being deleted. */
function concerns(request: AdmissionRequest): boolean {
  const { definition, operation, subresource, object, old } = request;
  if (object === undefined || old?.metadata.deletionTimestamp !== undefined) return false;
  if (isOf(definition, '', 'pods'))
    return (operation === 'CREATE' && subresource === '') || (operation === 'UPDATE' && subresource === 'resize');
  return isAbout(request, '', 'persistentvolumeclaims') && (operation === 'CREATE' || operation === 'UPDATE');
}
