/** ValidatePersistentVolume and ...Update of pkg/apis/core/validation/validation.go. */
import type { PersistentVolume } from '../../../api/generated/types.ts';
import { asGiven } from '../../../api/schema/said-empty.ts';
import { forbiddenField, invalid, notSupported, path, required, type FieldError } from '../../../api/field-errors.ts';
import { internalDiff, internalForm } from '../../../api/internal-form.ts';
import { semanticEqual } from '../../../api/json.ts';
import { dns1123SubdomainFaults } from '../../../api/names.ts';
import { parseQuantity } from '../../../api/quantity.ts';
import { optionalOneOf } from '../../shared/checks.ts';
import { accessModeErrors } from '../../shared/claim-spec.ts';
import { checked } from '../../shared/names.ts';
import { nodeSelectorErrors } from '../../shared/pod/validate-scheduling.ts';
import { persistentErrors, volumeSourceErrors, type Source } from '../../shared/pod/validate-volume-sources.ts';

const at = path('spec');
const reclaimPolicies = ['Delete', 'Recycle', 'Retain'];
const notSources = new Set([
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeAttributesClassName',
  'volumeMode',
]);

const sourcesOf = ({ spec }: PersistentVolume): Record<string, unknown> =>
  Object.fromEntries(Object.entries(spec).filter(([field]) => !notSources.has(field)));

/** The order in which upstream looks at them. */
const sourceOrder = [
  ...(['hostPath', 'gcePersistentDisk', 'awsElasticBlockStore', 'glusterfs', 'flocker', 'nfs', 'rbd', 'quobyte', 'cephfs'] as const),
  ...(['iscsi', 'cinder', 'fc', 'flexVolume', 'azureFile', 'vsphereVolume', 'photonPersistentDisk', 'portworxVolume'] as const),
  ...(['azureDisk', 'scaleIO', 'local', 'storageos', 'csi'] as const),
];

export function validatePersistentVolume({ spec }: PersistentVolume): FieldError[] {
  const { accessModes = [], persistentVolumeReclaimPolicy: reclaim = '', storageClassName = '', nodeAffinity } = spec;
  const faults = accessModes.length === 0 ? [required(at.child('accessModes'))] : [];
  faults.push(...accessModeErrors(accessModes, at.child('accessModes')), ...capacityErrors(spec));
  if (reclaim !== '' && !reclaimPolicies.includes(reclaim))
    faults.push(notSupported(at.child('persistentVolumeReclaimPolicy'), reclaim, reclaimPolicies));
  if (nodeAffinity !== undefined) {
    const own = at.child('nodeAffinity', 'required');
    if (nodeAffinity.required === undefined) faults.push(required(own, 'must specify required node constraints'));
    else faults.push(...nodeSelectorErrors(nodeAffinity.required, own));
  }
  faults.push(...sourceErrors(spec));
  if (spec.hostPath?.path !== undefined && /^\/+$/.test(spec.hostPath.path) && reclaim === 'Recycle')
    faults.push(forbiddenField(at.child('persistentVolumeReclaimPolicy'), "may not be 'recycle' for a hostPath mount of '/'"));
  if (storageClassName !== '') faults.push(...checked(at.child('storageClassName'), storageClassName, dns1123SubdomainFaults));
  faults.push(...optionalOneOf(at.child('volumeMode'), spec.volumeMode, ['Block', 'Filesystem']), ...attributesErrors(spec));
  return faults;
}

export function validatePersistentVolumeUpdate(volume: PersistentVolume, old: PersistentVolume): FieldError[] {
  const faults = validatePersistentVolume(volume);
  const [now, before] = [sourcesOf(withoutNewExpandSecret(volume, old)), sourcesOf(old)];
  if (!semanticEqual(now, before)) {
    const why = 'spec.persistentvolumesource is immutable after creation';
    const difference = internalDiff('core.PersistentVolumeSource', before, now);
    faults.push(forbiddenField(at.child('persistentvolumesource'), `${why}\n${difference}`));
  }
  if (volume.spec.volumeMode !== old.spec.volumeMode)
    faults.push(invalid(path('volumeMode'), volume.spec.volumeMode ?? null, 'field is immutable'));
  faults.push(...affinityChangeErrors(volume, old));
  if (old.spec.volumeAttributesClassName !== undefined && volume.spec.volumeAttributesClassName === undefined)
    faults.push(forbiddenField(at.child('volumeAttributesClassName'), 'update from non-nil value to nil is forbidden'));
  return faults;
}

const stableLabels: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'beta.kubernetes.io/os': 'kubernetes.io/os',
  'beta.kubernetes.io/arch': 'kubernetes.io/arch',
  'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
};

/** validatePvNodeAffinity: once set it stays, but for labels that have got other names since. */
function affinityChangeErrors(
  { spec: { nodeAffinity: now } }: PersistentVolume,
  { spec: { nodeAffinity: old } }: PersistentVolume,
): FieldError[] {
  if (old === undefined || semanticEqual(renamed(now, now), renamed(old, now))) return [];
  const shown = now === undefined ? null : internalForm('core.VolumeNodeAffinity', now);
  return [invalid(path('nodeAffinity'), shown, 'field is immutable, except for updating from beta label to GA')];
}

type Affinity = PersistentVolume['spec']['nodeAffinity'];

/** Keys of `affinity` as `now` calls them, place by place. */
function renamed(affinity: Affinity, now: Affinity): unknown {
  const terms = affinity?.required?.nodeSelectorTerms.map((term, index) => {
    const newer = now?.required?.nodeSelectorTerms[index];
    return {
      ...term,
      matchExpressions: term.matchExpressions?.map((requirement, place) => {
        const key = newer?.matchExpressions?.[place]?.key;
        return key !== undefined && stableLabels[requirement.key] === key ? { ...requirement, key } : requirement;
      }),
    };
  });
  return affinity === undefined ? undefined : { required: affinity.required && { nodeSelectorTerms: terms } };
}

/** The secret for expanding a volume may be named later. */
function withoutNewExpandSecret(volume: PersistentVolume, old: PersistentVolume): PersistentVolume {
  const { csi } = volume.spec;
  if (csi?.controllerExpandSecretRef === undefined || old.spec.csi === undefined) return volume;
  if (old.spec.csi.controllerExpandSecretRef !== undefined) return volume;
  const { controllerExpandSecretRef: _new, ...others } = csi;
  return { ...volume, spec: { ...volume.spec, csi: others } };
}

function capacityErrors(spec: PersistentVolume['spec']): FieldError[] {
  const { capacity = {} } = spec;
  const field = at.child('capacity');
  const names = Object.keys(capacity);
  const faults = names.length === 0 ? [required(field)] : [];
  if (capacity['storage'] === undefined || names.length > 1)
    faults.push(notSupported(field, asGiven(spec, 'capacity') ?? null, ['storage']));
  for (const name of names) {
    const [own, amount] = [field.key(name), capacity[name] ?? '0'];
    const { sign } = parseQuantity(amount);
    if (sign < 0) faults.push(invalid(own, amount, 'must be a valid resource quantity'));
    if (sign <= 0) faults.push(invalid(own, amount, 'must be greater than zero'));
  }
  return faults;
}

function sourceErrors(spec: PersistentVolume['spec']): FieldError[] {
  const [first, ...others] = sourceOrder.filter((name) => spec[name] !== undefined);
  if (first === undefined) return [required(at, 'must specify a volume type')];
  const own = at.child(first === 'gcePersistentDisk' ? 'persistentDisk' : first);
  const source = (spec[first] ?? {}) as unknown as Source;
  const faults = volumeSourceErrors(first, source, own);
  faults.push(...persistentErrors(first, source, own));
  if (first === 'local' && spec.nodeAffinity === undefined)
    faults.push(required(at.child('nodeAffinity'), 'Local volume requires node affinity'));
  // Upstream names one of them otherwise, and looks at another without complaint that there are two.
  const surplus = others.flatMap((name) =>
    name === 'flexVolume'
      ? volumeSourceErrors(name, (spec[name] ?? {}) as unknown as Source, at.child(name))
      : [forbiddenField(at.child(name === 'cephfs' ? 'cephFS' : name), 'may not specify more than 1 volume type')],
  );
  return [...faults, ...surplus];
}

function attributesErrors(spec: PersistentVolume['spec']): FieldError[] {
  const name = spec.volumeAttributesClassName;
  if (name === undefined) return [];
  const field = at.child('volumeAttributesClassName');
  return [
    ...(name === '' ? [required(field, 'an empty string is disallowed')] : checked(field, name, dns1123SubdomainFaults)),
    ...(spec.csi === undefined ? [required(at.child('csi'), 'has to be specified when using volumeAttributesClassName')] : []),
  ];
}
