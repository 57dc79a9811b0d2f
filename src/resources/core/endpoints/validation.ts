/** ValidateEndpoints of pkg/apis/core/validation/validation.go. */
import type { Endpoints } from '../../../api/generated/types.ts';
import { invalid, notSupported, path, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { addressWarnings, legacyAddressFaults } from '../../../api/ip.ts';
import { semanticEqual } from '../../../api/json.ts';
import { dns1123LabelFaults, dns1123SubdomainFaults, portNumberFaults, qualifiedNameFaults } from '../../../api/names.ts';
import { endpointAddressErrors } from '../../shared/endpoint-address.ts';
import { checked } from '../../shared/names.ts';

type Subset = NonNullable<Endpoints['subsets']>[number];
type Address = NonNullable<Subset['addresses']>[number];
type Port = NonNullable<Subset['ports']>[number];

/** What was there before may have been right once. */
export function validateEndpointsUpdate(endpoints: Endpoints, old: Endpoints): FieldError[] {
  const faults = validateEndpoints(endpoints);
  return faults.length > 0 && semanticEqual(endpoints.subsets, old.subsets) ? [] : faults;
}

/** What the controller writes is right. */
export function endpointsWarnings({ metadata, subsets = [] }: Endpoints): string[] {
  if (metadata.labels?.['endpoints.kubernetes.io/managed-by'] === 'endpoint-controller') return [];
  return subsets.flatMap((subset, index) =>
    (['addresses', 'notReadyAddresses'] as const).flatMap((field) =>
      (subset[field] ?? []).flatMap(({ ip }, place) =>
        addressWarnings(path('subsets').index(index).child(field).index(place).child('ip'), ip),
      ),
    ),
  );
}

export function validateEndpoints({ subsets = [] }: Endpoints): FieldError[] {
  return subsets.flatMap(({ addresses = [], notReadyAddresses = [], ports = [] }, index) => {
    const at = path('subsets').index(index);
    return [
      ...(addresses.length + notReadyAddresses.length === 0 ? [required(at, 'must specify `addresses` or `notReadyAddresses`')] : []),
      ...addresses.flatMap((address, position) => addressErrors(address, at.child('addresses').index(position))),
      ...notReadyAddresses.flatMap((address, position) => addressErrors(address, at.child('notReadyAddresses').index(position))),
      ...ports.flatMap((port, position) => portErrors(port, at.child('ports').index(position), ports.length > 1)),
    ];
  });
}

function addressErrors({ ip, hostname, nodeName }: Address, at: Path): FieldError[] {
  const faults = legacyAddressFaults(at.child('ip'), ip);
  if ((hostname ?? '') !== '') faults.push(...checked(at.child('hostname'), hostname ?? '', dns1123LabelFaults));
  if (nodeName !== undefined)
    faults.push(...dns1123SubdomainFaults(nodeName).map((fault) => invalid(at.child('nodeName'), nodeName, fault)));
  return [...faults, ...endpointAddressErrors(at.child('ip'), ip)];
}

function portErrors({ name = '', port, protocol = '', appProtocol }: Port, at: Path, needsName: boolean): FieldError[] {
  const protocols = ['SCTP', 'TCP', 'UDP'];
  return [
    ...(needsName && name === '' ? [required(at.child('name'))] : name === '' ? [] : checked(at.child('name'), name, dns1123LabelFaults)),
    ...portNumberFaults(port).map((fault) => invalid(at.child('port'), port, fault)),
    ...(protocol === ''
      ? [required(at.child('protocol'))]
      : protocols.includes(protocol)
        ? []
        : [notSupported(at.child('protocol'), protocol, protocols)]),
    ...(appProtocol === undefined ? [] : checked(at.child('appProtocol'), appProtocol, qualifiedNameFaults)),
  ];
}
