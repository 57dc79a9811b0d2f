/**
 * The sources of volumes that storage vendors brought, and those that pods and PersistentVolumes share. The validate...VolumeSource
 * functions of pkg/apis/core/validation/validation.go.
 */
import type { PersistentVolumeSpec, Volume } from '../../../api/generated/types.ts';
import { invalid, notSupported, required, tooLong, type FieldError, type Path } from '../../../api/field-errors.ts';
import { dns1123LabelFaults, dns1123SubdomainFaults } from '../../../api/names.ts';
import { checked } from '../names.ts';

/** Sources whose values are looked at loosely: the fields of both the pod's and the PersistentVolume's form. */
export type Source = Readonly<Record<string, unknown>>;
export type SourceName = Exclude<keyof Volume | keyof PersistentVolumeSpec, 'name'>;

/** Fields that may not be empty, for each kind of source. */
const neededTexts: Readonly<Partial<Record<SourceName, readonly string[]>>> = {
  gcePersistentDisk: ['pdName'],
  awsElasticBlockStore: ['volumeID'],
  gitRepo: ['repository'],
  nfs: ['server', 'path'],
  glusterfs: ['endpoints', 'path'],
  rbd: ['monitors', 'image'],
  cephfs: ['monitors'],
  cinder: ['volumeID'],
  azureFile: ['secretName', 'shareName'],
  azureDisk: ['diskName', 'diskURI'],
  vsphereVolume: ['volumePath'],
  photonPersistentDisk: ['pdID'],
  portworxVolume: ['volumeID'],
  scaleIO: ['gateway', 'system', 'volumeName'],
  flexVolume: ['driver'],
  storageos: ['volumeName'],
};

const text = (source: Source, field: string): string => (typeof source[field] === 'string' ? source[field] : '');
const isEmpty = (value: unknown): boolean => value === undefined || value === '' || (Array.isArray(value) && value.length === 0);

/** Faults of one source. `at` is the source's own path. Sources that only pods have are not known here. */
export function volumeSourceErrors(name: SourceName, source: Source, at: Path): FieldError[] {
  const faults = (neededTexts[name] ?? []).filter((field) => isEmpty(source[field])).map((field) => required(at.child(field)));
  faults.push(...(special[name]?.(source, at) ?? []));
  return faults;
}

export const hostPathTypes = ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'];

const special: Readonly<Partial<Record<SourceName, (source: Source, at: Path) => FieldError[]>>> = {
  hostPath(source, at) {
    const path = text(source, 'path');
    if (path === '') return [required(at.child('path'))];
    const faults = backstepErrors(path, at.child('path'));
    const type = text(source, 'type');
    if (!hostPathTypes.includes(type)) faults.push(notSupported(at.child('type'), type, hostPathTypes));
    return faults;
  },
  cinder: secretNameErrors,
  local(source, at) {
    const path = text(source, 'path');
    return path === '' ? [required(at.child('path'))] : backstepErrors(path, at.child('path'));
  },
  gcePersistentDisk: partitionErrors,
  awsElasticBlockStore: partitionErrors,
  gitRepo: (source, at) => descendingErrors(text(source, 'directory'), at.child('directory')),
  nfs: (source, at) => {
    const path = text(source, 'path');
    return path.startsWith('/') ? [] : [invalid(at.child('path'), path, 'must be an absolute path')];
  },
  quobyte: quobyteErrors,
  iscsi: iscsiErrors,
  fc: fibreChannelErrors,
  flocker: flockerErrors,
  flexVolume: (source, at) =>
    Object.keys(source['options'] ?? {}).flatMap((key) =>
      /(^|\.)(kubernetes|k8s)\.io$/.test((key.includes('/') ? key.slice(0, key.indexOf('/')) : key).toLowerCase())
        ? [invalid(at.child('options').key(key), key, 'kubernetes.io and k8s.io namespaces are reserved')]
        : [],
    ),
  azureDisk: azureDiskErrors,
  storageos: (source, at) => [
    ...['volumeName', 'volumeNamespace'].flatMap((field) =>
      text(source, field) === '' ? [] : checked(at.child(field), text(source, field), dns1123LabelFaults),
    ),
    ...secretNameErrors(source, at),
  ],
  csi: csiErrors,
};

export function backstepErrors(path: string, at: Path): FieldError[] {
  return path.split('/').includes('..') ? [invalid(at, path, "must not contain '..'")] : [];
}

export function descendingErrors(path: string, at: Path): FieldError[] {
  return [...(path.startsWith('/') ? [invalid(at, path, 'must be a relative path')] : []), ...backstepErrors(path, at)];
}

function secretNameErrors(source: Source, at: Path): FieldError[] {
  const reference = source['secretRef'] as { readonly name?: string } | undefined;
  return reference !== undefined && (reference.name ?? '') === '' ? [required(at.child('secretRef', 'name'))] : [];
}

function secretNamespaceErrors(source: Source, at: Path): FieldError[] {
  const reference = source['secretRef'] as { readonly namespace?: string } | undefined;
  return reference !== undefined && (reference.namespace ?? '') === '' ? [required(at.child('secretRef', 'namespace'))] : [];
}

/** What a source of a PersistentVolume must have besides. */
export function persistentErrors(name: SourceName, source: Source, at: Path): FieldError[] {
  switch (name) {
    case 'cinder':
    case 'storageos':
      return secretNamespaceErrors(source, at);
    case 'iscsi':
      return secretNameErrors(source, at);
    case 'azureFile':
      return source['secretNamespace'] === '' ? [required(at.child('secretNamespace'))] : [];
    case 'csi':
      return csiPersistentErrors(source, at);
    case 'glusterfs': {
      const namespace = source['endpointsNamespace'];
      if (typeof namespace !== 'string') return [];
      const own = at.child('endpointsNamespace');
      return namespace === ''
        ? [invalid(own, '', 'if the endpointnamespace is set, it must be a valid namespace name')]
        : checked(own, namespace, dns1123LabelFaults);
    }
    default:
      return [];
  }
}

function partitionErrors(source: Source, at: Path): FieldError[] {
  const partition = Number(source['partition'] ?? 0);
  return partition < 0 || partition > 255 ? [invalid(at.child('partition'), partition, 'must be between 1 and 255, inclusive')] : [];
}

function quobyteErrors(source: Source, at: Path): FieldError[] {
  const why = 'must be a host:port pair or multiple pairs separated by commas';
  const registry = text(source, 'registry');
  const faults: FieldError[] = [];
  if (registry === '') faults.push(required(at.child('registry'), why));
  else if (text(source, 'tenant').length > 64)
    faults.push(required(at.child('tenant'), 'must be a UUID and may not exceed a length of 64 characters'));
  else
    for (const pair of registry.split(','))
      if (!/^(\[.*\]|[^:]*):[^:]*$/.test(pair)) faults.push(invalid(at.child('registry'), registry, why));
  if (text(source, 'volume') === '') faults.push(required(at.child('volume')));
  return faults;
}

const iscsiNames: readonly (readonly [prefix: string, form: RegExp])[] = [
  ['iqn', /iqn\.\d{4}-\d{2}\.([A-Za-z0-9\-.]+)(:[^,;*&$|\s]+)$/],
  ['eui', /^eui.[A-Za-z0-9]{16}$/],
  ['naa', /^naa.[A-Za-z0-9]{32}$/],
];

function iscsiNameErrors(name: string, at: Path): FieldError[] {
  const form = iscsiNames.find(([prefix]) => name.startsWith(prefix));
  if (form === undefined) return [invalid(at, name, 'must be valid format starting with iqn, eui, or naa')];
  return form[1].test(name) ? [] : [invalid(at, name, 'must be valid format')];
}

function iscsiErrors(source: Source, at: Path): FieldError[] {
  const faults: FieldError[] = [];
  const name = text(source, 'iqn');
  if (text(source, 'targetPortal') === '') faults.push(required(at.child('targetPortal')));
  if (name === '') faults.push(required(at.child('iqn')));
  else faults.push(...iscsiNameErrors(name, at.child('iqn')));
  faults.push(...lunErrors(Number(source['lun'] ?? 0), at.child('lun')));
  if ((source['chapAuthDiscovery'] === true || source['chapAuthSession'] === true) && source['secretRef'] === undefined)
    faults.push(required(at.child('secretRef')));
  if (typeof source['initiatorName'] === 'string') faults.push(...iscsiNameErrors(source['initiatorName'], at.child('initiatorname')));
  return faults;
}

function lunErrors(lun: number, at: Path): FieldError[] {
  return lun < 0 || lun > 255 ? [invalid(at, lun, 'must be between 0 and 255, inclusive')] : [];
}

function fibreChannelErrors(source: Source, at: Path): FieldError[] {
  const [targets, ids] = [source['targetWWNs'], source['wwids']];
  const faults: FieldError[] = [];
  if (isEmpty(targets) && isEmpty(ids))
    faults.push(required(at.child('targetWWNs'), 'must specify either targetWWNs or wwids, but not both'));
  if (isEmpty(targets)) return faults;
  if (!isEmpty(ids)) faults.push(invalid(at.child('targetWWNs'), targets, 'targetWWNs and wwids can not be specified simultaneously'));
  if (source['lun'] === undefined) faults.push(required(at.child('lun'), 'lun is required if targetWWNs is specified'));
  else faults.push(...lunErrors(Number(source['lun']), at.child('lun')));
  return faults;
}

function flockerErrors(source: Source, at: Path): FieldError[] {
  const [name, uuid] = [text(source, 'datasetName'), text(source, 'datasetUUID')];
  const faults: FieldError[] = [];
  if (name === '' && uuid === '') faults.push(required(at, 'one of datasetName and datasetUUID is required'));
  if (name !== '' && uuid !== '') faults.push(invalid(at, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'));
  if (name.includes('/')) faults.push(invalid(at.child('datasetName'), name, "must not contain '/'"));
  return faults;
}

const managedDisk = '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}';
const blobDisk = 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd';

function azureDiskErrors(source: Source, at: Path): FieldError[] {
  const faults: FieldError[] = [];
  const [mode, kind, uri] = [source['cachingMode'], source['kind'], text(source, 'diskURI')];
  const [modes, kinds] = [
    ['None', 'ReadOnly', 'ReadWrite'],
    ['Dedicated', 'Managed', 'Shared'],
  ];
  if (typeof mode === 'string' && !modes.includes(mode)) faults.push(notSupported(at.child('cachingMode'), mode, modes));
  if (typeof kind !== 'string') return faults;
  if (!kinds.includes(kind)) faults.push(notSupported(at.child('kind'), kind, kinds));
  if (kind === 'Managed' && !uri.startsWith('/subscriptions/')) faults.push(notSupported(at.child('diskURI'), uri, [managedDisk]));
  if (kind !== 'Managed' && !uri.startsWith('https://')) faults.push(notSupported(at.child('diskURI'), uri, [blobDisk]));
  return faults;
}

const pvSecrets = ['controllerPublishSecretRef', 'controllerExpandSecretRef', 'nodePublishSecretRef', 'nodeExpandSecretRef'];

/** A volumeHandle is what makes a CSI source one of a PersistentVolume; pods name their secrets without namespace. */
function csiErrors(source: Source, at: Path): FieldError[] {
  return csiDriverNameErrors(text(source, 'driver'), at.child('driver'));
}

/** What a CSI source of a PersistentVolume must have besides. */
function csiPersistentErrors(source: Source, at: Path): FieldError[] {
  const faults = text(source, 'volumeHandle') === '' ? [required(at.child('volumeHandle'))] : [];
  for (const field of pvSecrets) {
    const reference = source[field] as { readonly name?: string; readonly namespace?: string } | undefined;
    if (reference === undefined) continue;
    const own = at.child(field);
    const { name = '', namespace = '' } = reference;
    faults.push(...(name === '' ? [required(own.child('name'))] : checked(own.child('name'), name, dns1123SubdomainFaults)));
    faults.push(
      ...(namespace === '' ? [required(own.child('namespace'))] : checked(own.child('namespace'), namespace, dns1123LabelFaults)),
    );
  }
  return faults;
}

/** What a CSI source of a pod must have besides. */
export function csiEphemeralErrors(source: Source, at: Path): FieldError[] {
  const reference = source['nodePublishSecretRef'] as { readonly name?: string } | undefined;
  if (reference === undefined) return [];
  const { name = '' } = reference;
  return name === '' ? [required(at.child('nodePublishSecretRef', 'name'))] : checked(at.child('name'), name, dns1123SubdomainFaults);
}

/** ValidateCSIDriverName. */
export function csiDriverNameErrors(name: string, at: Path): FieldError[] {
  if (name === '') return [required(at)];
  const faults = Buffer.byteLength(name) > 63 ? [tooLong(at, 63)] : [];
  return [...faults, ...dns1123SubdomainFaults(name.toLowerCase()).map((fault) => invalid(at, name, fault))];
}
