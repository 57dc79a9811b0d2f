/** ValidateVolumes; of the storage vendors' sources only that there is one at a time. */
import type { ObjectMeta, PersistentVolumeClaimTemplate, Volume } from '../../../api/generated/types.ts';
import { duplicate, forbiddenField, invalid, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { dns1123LabelFaults, dns1123SubdomainFaults } from '../../../api/names.ts';
import { parseQuantity } from '../../../api/quantity.ts';
import { oneOf } from '../checks.ts';
import { claimSpecErrors } from '../claim-spec.ts';
import { labelsErrors } from '../names.ts';
import { notOfTemplatesErrors } from '../template-metadata.ts';
import { annotationErrors } from './validate-annotations.ts';
import { downwardErrors, filesErrors, projectedErrors } from './validate-projections.ts';
import { csiEphemeralErrors, volumeSourceErrors, type Source } from './validate-volume-sources.ts';

/** The order in which upstream looks at them: the first one counts. */
const sourceOrder = [
  ...(['emptyDir', 'hostPath', 'gitRepo', 'gcePersistentDisk', 'awsElasticBlockStore', 'secret', 'nfs', 'iscsi', 'glusterfs'] as const),
  ...(['flocker', 'persistentVolumeClaim', 'rbd', 'cinder', 'cephfs', 'quobyte', 'downwardAPI', 'fc', 'flexVolume'] as const),
  ...(['configMap', 'azureFile', 'vsphereVolume', 'photonPersistentDisk', 'portworxVolume', 'azureDisk', 'storageos'] as const),
  ...(['projected', 'scaleIO', 'csi', 'ephemeral', 'image'] as const),
] satisfies readonly (keyof Volume)[];

/** What upstream calls one source too many. */
const misnamed: Readonly<Record<string, string>> = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' };

interface Surroundings {
  readonly faults: FieldError[];
  /** Of the pod; undefined in templates, whose pods have no names yet. */
  readonly podName?: string | undefined;
}

/** Collects faults and answers the volumes by name. */
export function volumesErrors(
  volumes: readonly Volume[] | undefined,
  at: Path,
  surroundings: Surroundings,
): Map<string, Record<string, unknown>> {
  const { faults, podName } = surroundings;
  const found = new Map<string, Record<string, unknown>>();
  const made = podName === undefined ? [] : (volumes ?? []).filter(({ ephemeral }) => ephemeral !== undefined);
  const madeClaims = new Set(made.map(({ name }) => `${podName ?? ''}-${name}`));
  for (const [index, volume] of (volumes ?? []).entries()) {
    const own = at.index(index);
    const before = faults.length;
    sourceErrors(volume, own, surroundings);
    const { name } = volume;
    if (name === '') faults.push(required(own.child('name')));
    else for (const fault of dns1123LabelFaults(name)) faults.push(invalid(own.child('name'), name, fault));
    if (found.has(name)) faults.push(duplicate(own.child('name'), name));
    if (faults.length === before) found.set(name, volume);
    const claimName = volume.persistentVolumeClaim?.claimName;
    if (claimName === undefined || !madeClaims.has(claimName)) continue;
    const claimed = own.child('persistentVolumeClaim', 'claimName');
    faults.push(invalid(claimed, claimName, 'must not reference a PVC that gets created for an ephemeral volume'));
  }
  return found;
}

function sourceErrors(volume: Volume, at: Path, surroundings: Surroundings): void {
  const { faults } = surroundings;
  const [first, ...more] = sourceOrder.filter((field) => volume[field] !== undefined);
  if (first === undefined) return void faults.push(required(at, 'must specify a volume type'));
  typedSourceErrors(volume, first, at, surroundings);
  for (const field of more) faults.push(forbiddenField(at.child(misnamed[field] ?? field), 'may not specify more than 1 volume type'));
}

/** What the first source of a volume must be like. */
function typedSourceErrors(volume: Volume, first: (typeof sourceOrder)[number], at: Path, { faults, podName }: Surroundings): void {
  const own = at.child(first === 'gcePersistentDisk' ? 'persistentDisk' : first);
  const { emptyDir, secret, configMap, downwardAPI, projected, persistentVolumeClaim, csi, image } = volume;
  if (first === 'emptyDir' && emptyDir?.sizeLimit !== undefined && parseQuantity(emptyDir.sizeLimit).sign < 0) {
    faults.push(forbiddenField(own.child('sizeLimit'), 'SizeLimit field must be a valid resource quantity'));
  }
  if (first === 'secret') {
    if ((secret?.secretName ?? '') === '') faults.push(required(own.child('secretName')));
    faults.push(...filesErrors(secret ?? {}, own));
  }
  if (first === 'configMap') {
    if ((configMap?.name ?? '') === '') faults.push(required(own.child('name')));
    faults.push(...filesErrors(configMap ?? {}, own));
  }
  if (first === 'downwardAPI') faults.push(...downwardErrors(downwardAPI ?? {}, own));
  if (first === 'projected') faults.push(...projectedErrors(projected ?? {}, own));
  if (first === 'persistentVolumeClaim' && (persistentVolumeClaim?.claimName ?? '') === '') faults.push(required(own.child('claimName')));
  faults.push(...volumeSourceErrors(first, (volume as unknown as Record<string, Source>)[first] ?? {}, own));
  if (first === 'csi') faults.push(...csiEphemeralErrors(csi ?? {}, own));
  if (first === 'ephemeral') {
    ephemeralErrors(volume.ephemeral?.volumeClaimTemplate, own.child('volumeClaimTemplate'), faults);
    const claim = `${podName ?? ''}-${volume.name}`;
    if ((podName ?? '') !== '' && volume.name !== '')
      for (const fault of dns1123SubdomainFaults(claim))
        faults.push(invalid(at.child('name'), volume.name, `PVC name ${JSON.stringify(claim)}: ${fault}`));
  }
  if (first === 'image') {
    if (podName !== undefined && (image?.reference ?? '') === '') faults.push(required(own.child('reference')));
    faults.push(...oneOf(own.child('pullPolicy'), image?.pullPolicy, ['Always', 'IfNotPresent', 'Never']));
  }
}

function ephemeralErrors(template: PersistentVolumeClaimTemplate | undefined, at: Path, faults: FieldError[]): void {
  if (template === undefined) return void faults.push(required(at));
  const own = at.child('metadata');
  const metadata: Partial<ObjectMeta> = template.metadata ?? {};
  faults.push(...annotationErrors(own.child('annotations'), metadata.annotations), ...labelsErrors(own.child('labels'), metadata.labels));
  faults.push(...notOfTemplatesErrors(metadata, own));
  faults.push(...claimSpecErrors(template.spec, at.child('spec')));
}
