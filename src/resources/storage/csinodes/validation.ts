/** ValidateCSINode of pkg/apis/storage/validation. */
import type { CSINode } from '../../../api/generated/types.ts';
import { duplicate, invalid, path, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { internalForm } from '../../../api/internal-form.ts';
import { semanticEqual } from '../../../api/json.ts';
import { qualifiedNameFaults } from '../../../api/names.ts';
import { nonNegative } from '../../shared/checks.ts';
import { checked } from '../../shared/names.ts';
import { csiDriverNameErrors } from '../../shared/pod/validate-volume-sources.ts';

type Driver = CSINode['spec']['drivers'][number];

const maxNodeID = 256;
const at = path('spec', 'drivers');
const driversOf = ({ spec }: CSINode): readonly Driver[] => spec.drivers ?? [];

export function validateNode(node: CSINode): FieldError[] {
  const drivers = driversOf(node);
  return drivers.flatMap((driver, index) => [
    ...driverErrors(driver, at.index(index)),
    ...(drivers.findIndex((other) => other.name === driver.name) < index ? [duplicate(at.index(index).child('name'), driver.name)] : []),
    ...topologyErrors(driver, at.index(index)),
  ]);
}

function driverErrors({ name, nodeID, allocatable }: Driver, own: Path): FieldError[] {
  return [
    ...csiDriverNameErrors(name, own.child('name')),
    ...(nodeID === '' ? [required(own.child('nodeID'))] : []),
    ...(Buffer.byteLength(nodeID) > maxNodeID
      ? [invalid(own.child('nodeID'), nodeID, `must be ${String(maxNodeID)} characters or less`)]
      : []),
    ...nonNegative(own.child('allocatable', 'count'), allocatable?.count),
  ];
}

function topologyErrors({ topologyKeys }: Driver, own: Path): FieldError[] {
  const keys = topologyKeys ?? [];
  return keys.flatMap((key, index) => [
    ...(key === '' ? [required(own)] : []),
    ...(keys.indexOf(key) < index ? [duplicate(own, key)] : []),
    ...checked(own, key, qualifiedNameFaults),
  ]);
}

/** Of a driver that stays only the number of volumes may change. */
export function validateNodeUpdate(node: CSINode, old: CSINode): FieldError[] {
  const without = ({ name, nodeID, topologyKeys }: Driver): Driver => ({ name, nodeID, topologyKeys: topologyKeys ?? [] });
  const changed = driversOf(old).flatMap((before) =>
    driversOf(node)
      .filter((driver) => driver.name === before.name && !semanticEqual(without(driver), without(before)))
      .map(({ name, nodeID, topologyKeys }) =>
        invalid(at, internalForm('storage.CSINodeDriver', { name, nodeID, topologyKeys }), 'field is immutable'),
      ),
  );
  return [...validateNode(node), ...changed];
}
