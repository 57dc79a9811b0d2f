/** ValidateVolumes; of the storage vendors' sources only that there is one at a time. */
import type { ObjectMeta, PersistentVolumeClaimTemplate, Volume } from '../../../api/generated/types.ts';
import { duplicate, forbiddenField, invalid, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { configMapKeyFaults, dns1123LabelFaults } from '../../../api/names.ts';
import { parseQuantity } from '../../../api/quantity.ts';
import { claimSpecErrors } from '../claim-spec.ts';
import { labelsErrors } from '../names.ts';
import { annotationErrors } from './validate-annotations.ts';
import { csiEphemeralErrors, descendingErrors, volumeSourceErrors, type Source } from './validate-volume-sources.ts';

type Item = { readonly key: string; readonly path: string; readonly mode?: number };
type Sources = NonNullable<NonNullable<Volume['projected']>['sources']>;

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
  { faults, podName }: Surroundings,
): Map<string, Record<string, unknown>> {
  const found = new Map<string, Record<string, unknown>>();
  const made = podName === undefined ? [] : (volumes ?? []).filter(({ ephemeral }) => ephemeral !== undefined);
  const madeClaims = new Set(made.map(({ name }) => `${podName ?? ''}-${name}`));
  for (const [index, volume] of (volumes ?? []).entries()) {
    const own = at.index(index);
    const before = faults.length;
    sourceErrors(volume, own, faults);
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

function sourceErrors(volume: Volume, at: Path, faults: FieldError[]): void {
  const [first, ...more] = sourceOrder.filter((field) => volume[field] !== undefined);
  if (first === undefined) return void faults.push(required(at, 'must specify a volume type'));
  typedSourceErrors(volume, first, at, faults);
  for (const field of more) faults.push(forbiddenField(at.child(misnamed[field] ?? field), 'may not specify more than 1 volume type'));
}

/** What the first source of a volume must be like. */
function typedSourceErrors(volume: Volume, first: (typeof sourceOrder)[number], at: Path, faults: FieldError[]): void {
  const own = at.child(first === 'gcePersistentDisk' ? 'persistentDisk' : first);
  const { emptyDir, secret, configMap, downwardAPI, projected, persistentVolumeClaim, csi, image } = volume;
  if (first === 'emptyDir' && emptyDir?.sizeLimit !== undefined && parseQuantity(emptyDir.sizeLimit).sign < 0) {
    faults.push(forbiddenField(own.child('sizeLimit'), 'SizeLimit field must be a valid resource quantity'));
  }
  if (first === 'secret') {
    if ((secret?.secretName ?? '') === '') faults.push(required(own.child('secretName')));
    filesErrors(secret ?? {}, own, faults);
  }
  if (first === 'configMap') {
    if ((configMap?.name ?? '') === '') faults.push(required(own.child('name')));
    filesErrors(configMap ?? {}, own, faults);
  }
  if (first === 'downwardAPI') {
    modeErrors(downwardAPI?.defaultMode, own.child('defaultMode'), faults);
    for (const [index, item] of (downwardAPI?.items ?? []).entries()) downwardErrors(item, own.child('items').index(index), faults);
  }
  if (first === 'projected') {
    modeErrors(projected?.defaultMode, own.child('defaultMode'), faults);
    projectionErrors(projected?.sources ?? [], own, faults);
  }
  if (first === 'persistentVolumeClaim' && (persistentVolumeClaim?.claimName ?? '') === '') faults.push(required(own.child('claimName')));
  faults.push(...volumeSourceErrors(first, (volume as unknown as Record<string, Source>)[first] ?? {}, own));
  if (first === 'csi') faults.push(...csiEphemeralErrors(csi ?? {}, own));
  if (first === 'ephemeral') ephemeralErrors(volume.ephemeral?.volumeClaimTemplate, own.child('volumeClaimTemplate'), faults);
  if (first === 'image' && (image?.reference ?? '') === '') faults.push(required(own.child('reference')));
}

function ephemeralErrors(template: PersistentVolumeClaimTemplate | undefined, at: Path, faults: FieldError[]): void {
  if (template === undefined) return void faults.push(required(at));
  const own = at.child('metadata');
  const metadata: Partial<ObjectMeta> = template.metadata ?? {};
  faults.push(...annotationErrors(own.child('annotations'), metadata.annotations), ...labelsErrors(own.child('labels'), metadata.labels));
  // Upstream makes names of fields from Go's.
  for (const field of notOfTemplates)
    if (isSet(metadata[field])) faults.push(forbiddenField(at.child('metadata', field === 'uid' ? 'uID' : field), 'cannot be set'));
  faults.push(...claimSpecErrors(template.spec, at.child('spec')));
}

const notOfTemplates = [
  ...(['name', 'generateName', 'namespace', 'selfLink', 'uid', 'resourceVersion', 'generation', 'creationTimestamp'] as const),
  ...(['deletionTimestamp', 'deletionGracePeriodSeconds', 'ownerReferences', 'finalizers', 'managedFields'] as const),
];
const isSet = (value: unknown): boolean => value !== undefined && value !== '' && value !== 0 && value !== null;

function modeErrors(mode: number | undefined, at: Path, faults: FieldError[]): void {
  if (mode !== undefined && (mode < 0 || mode > 0o777))
    faults.push(invalid(at, mode, 'must be a number between 0 and 0777 (octal), both inclusive'));
}

function filesErrors({ defaultMode, items = [] }: { defaultMode?: number; items?: readonly Item[] }, at: Path, faults: FieldError[]): void {
  modeErrors(defaultMode, at.child('defaultMode'), faults);
  for (const [index, item] of items.entries()) itemErrors(item, at.child('items').index(index), faults);
}

function itemErrors({ key, path, mode }: Item, at: Path, faults: FieldError[]): void {
  if (key === '') faults.push(required(at.child('key')));
  else for (const fault of configMapKeyFaults(key)) faults.push(invalid(at.child('key'), key, fault));
  if (path === '') faults.push(required(at.child('path')));
  localPathErrors(path, at.child('path'), faults);
  modeErrors(mode, at.child('mode'), faults);
}

/** ValidateLocalNonReservedPath. */
function localPathErrors(path: string, at: Path, faults: FieldError[]): void {
  faults.push(...descendingErrors(path, at));
  if (path.startsWith('..') && !path.startsWith('../')) faults.push(invalid(at, path, "must not start with '..'"));
}

function downwardErrors(
  item: { path: string; mode?: number; fieldRef?: unknown; resourceFieldRef?: unknown },
  at: Path,
  faults: FieldError[],
): void {
  if (item.path === '') faults.push(required(at.child('path')));
  localPathErrors(item.path, at.child('path'), faults);
  if (item.fieldRef === undefined && item.resourceFieldRef === undefined)
    faults.push(required(at, 'one of fieldRef and resourceFieldRef is required'));
  if (item.fieldRef !== undefined && item.resourceFieldRef !== undefined)
    faults.push(invalid(at, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'));
  modeErrors(item.mode, at.child('mode'), faults);
}

function projectionErrors(sources: Sources, projection: Path, faults: FieldError[]): void {
  const at = projection.child('sources');
  for (const [index, source] of sources.entries()) {
    const own = at.index(index);
    const [first, ...more] = Object.keys(source);
    if (first === undefined) faults.push(required(own, 'must specify a projection type'));
    for (const field of more) faults.push(forbiddenField(own.child(field), 'may not specify more than 1 volume type per source'));
    const { secret, configMap, serviceAccountToken, downwardAPI } = source;
    if (secret !== undefined) {
      if ((secret.name ?? '') === '') faults.push(required(own.child('secret', 'name')));
      filesErrors(secret, own.child('secret'), faults);
    }
    if (configMap !== undefined) {
      if ((configMap.name ?? '') === '') faults.push(required(own.child('configMap', 'name')));
      filesErrors(configMap, own.child('configMap'), faults);
    }
    for (const [position, item] of (downwardAPI?.items ?? []).entries())
      downwardErrors(item, own.child('downwardAPI').index(position), faults);
    if (serviceAccountToken === undefined) continue;
    const token = own.child('serviceAccountToken');
    const { expirationSeconds = 3600, path } = serviceAccountToken;
    if (expirationSeconds < 600)
      faults.push(invalid(token.child('expirationSeconds'), expirationSeconds, 'may not specify a duration less than 10 minutes'));
    if (expirationSeconds > 2 ** 32)
      faults.push(invalid(token.child('expirationSeconds'), expirationSeconds, 'may not specify a duration larger than 2^32 seconds'));
    // Upstream names the projection here, not the token.
    if (path === '') faults.push(required(projection.child('path')));
    else localPathErrors(path, projection.child('path'), faults);
  }
}
