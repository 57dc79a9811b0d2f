/** ValidateVolumeMounts and ValidateVolumeDevices of pkg/apis/core/validation/validation.go. */
import type { Container, EphemeralContainer } from '../../../api/generated/types.ts';
import { forbiddenField, invalid, notFoundField, notSupported, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import type { Around } from './validate-containers.ts';
import { backstepErrors, descendingErrors } from './validate-volume-sources.ts';

type Mount = NonNullable<Container['volumeMounts']>[number];
type Mounted = Container | EphemeralContainer;

/** Upstream keeps names and paths in a map by name: of doubles the last counts. */
const pathsByName = (list: readonly { name: string; path: string }[]): Map<string, string> =>
  new Map(list.map(({ name, path }) => [name, path]));

export function mountErrors(container: Mounted, at: Path, { volumes, faults }: Around): void {
  const { volumeMounts = [], volumeDevices = [] } = container;
  const field = at.child('volumeMounts');
  const devices = pathsByName(volumeDevices.map(({ name, devicePath }) => ({ name, path: devicePath })));
  const points = new Set<string>();
  for (const [index, mount] of volumeMounts.entries()) {
    const { name, mountPath } = mount;
    const own = field.index(index);
    if (name === '') faults.push(required(own.child('name')));
    if (!volumes.has(name)) faults.push(notFoundField(own.child('name'), name));
    if (mountPath === '') faults.push(required(own.child('mountPath')));
    if (points.has(mountPath)) faults.push(invalid(own.child('mountPath'), mountPath, 'must be unique'));
    points.add(mountPath);
    if (devices.has(name)) faults.push(invalid(own.child('name'), name, 'must not already exist in volumeDevices'));
    if (devices.size > 0 && [...devices.values()].includes(mountPath))
      faults.push(invalid(own.child('mountPath'), mountPath, 'must not already exist as a path in volumeDevices'));
    wayErrors(mount, { own, field, privileged: container.securityContext?.privileged === true, faults });
  }
  if (volumeDevices.length > 0) deviceErrors(container, at.child('volumeDevices'), { volumes, faults });
}

interface Place {
  readonly own: Path;
  /** Upstream names the list and not its item for some faults. */
  readonly field: Path;
  readonly privileged: boolean;
  readonly faults: FieldError[];
}

function wayErrors(mount: Mount, { own, field, privileged, faults }: Place): void {
  const { subPath = '', subPathExpr = '', mountPropagation, recursiveReadOnly } = mount;
  if (subPath !== '') faults.push(...descendingErrors(subPath, field.child('subPath')));
  if (subPathExpr !== '') {
    if (subPath !== '') faults.push(invalid(own.child('subPathExpr'), subPathExpr, 'subPathExpr and subPath are mutually exclusive'));
    faults.push(...descendingErrors(subPathExpr, field.child('subPathExpr')));
  }
  if (mountPropagation !== undefined) {
    const supported = ['Bidirectional', 'HostToContainer', 'None'];
    const placed = field.child('mountPropagation');
    if (!supported.includes(mountPropagation)) faults.push(notSupported(placed, mountPropagation, supported));
    if (mountPropagation === 'Bidirectional' && !privileged)
      faults.push(forbiddenField(placed, 'Bidirectional mount propagation is available only to privileged containers'));
  }
  if (recursiveReadOnly !== undefined) faults.push(...recursiveErrors(mount, field.child('recursiveReadOnly')));
}

function recursiveErrors({ recursiveReadOnly, readOnly, mountPropagation = 'None' }: Mount, at: Path): FieldError[] {
  if (recursiveReadOnly === 'Disabled') return [];
  if (recursiveReadOnly !== 'Enabled' && recursiveReadOnly !== 'IfPossible')
    return [notSupported(at, recursiveReadOnly, ['Disabled', 'Enabled', 'IfPossible'])];
  return [
    ...(readOnly === true ? [] : [forbiddenField(at, 'may only be specified when readOnly is true')]),
    ...(mountPropagation === 'None' ? [] : [forbiddenField(at, 'may only be specified when mountPropagation is None or not specified')]),
  ];
}

function deviceErrors(
  { volumeDevices = [], volumeMounts = [] }: Mounted,
  at: Path,
  { volumes, faults }: Pick<Around, 'volumes' | 'faults'>,
): void {
  const mounts = pathsByName(volumeMounts.map(({ name, mountPath }) => ({ name, path: mountPath })));
  const [paths, names] = [new Set<string>(), new Set<string>()];
  for (const [index, { name, devicePath }] of volumeDevices.entries()) {
    const [named, placed] = [at.index(index).child('name'), at.index(index).child('devicePath')];
    const volume = volumes.get(name);
    if (name === '') faults.push(required(named));
    if (names.has(name)) faults.push(invalid(named, name, 'must be unique'));
    if (volume === undefined) faults.push(notFoundField(named, name));
    else if (volume['persistentVolumeClaim'] === undefined && volume['ephemeral'] === undefined)
      faults.push(invalid(named, name, 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode'));
    if (devicePath === '') faults.push(required(placed));
    if (paths.has(devicePath)) faults.push(invalid(placed, devicePath, 'must be unique'));
    if (backstepErrors(devicePath, placed).length > 0) faults.push(invalid(placed, devicePath, "can not contain backsteps ('..')"));
    else paths.add(devicePath);
    if (mounts.has(name)) faults.push(invalid(named, name, 'must not already exist in volumeMounts'));
    if ([...mounts.values()].includes(devicePath))
      faults.push(invalid(placed, devicePath, 'must not already exist as a path in volumeMounts'));
    if (name !== '') names.add(name);
  }
}
