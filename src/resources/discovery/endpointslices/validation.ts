/** pkg/apis/discovery/validation/validation.go. */
import type { EndpointSlice } from '../../../api/generated/types.ts';
import { duplicate, invalid, path, required, tooMany, type FieldError, type Path } from '../../../api/field-errors.ts';
import { legacyAddressFaults, parseAddress } from '../../../api/ip.ts';
import { dns1123LabelFaults, dns1123SubdomainFaults, labelValueFaults, qualifiedNameFaults } from '../../../api/names.ts';
import { immutable, oneOf } from '../../shared/checks.ts';
import { endpointAddressErrors } from '../../shared/endpoint-address.ts';
import { checked, labelsErrors } from '../../shared/names.ts';

type Endpoint = NonNullable<EndpointSlice['endpoints']>[number];
type Port = NonNullable<EndpointSlice['ports']>[number];

const maxEndpoints = 1000;
const maxPorts = 20_000;
const maxAddresses = 100;
const maxTopologyLabels = 16;
/** Of zones, and of nodes. */
const maxHints = 8;
const families = { IPv4: 4, IPv6: 6 } as const;

export function validateEndpointSlice({ addressType, endpoints, ports }: EndpointSlice, old?: EndpointSlice): FieldError[] {
  const known = new Set(old?.endpoints?.flatMap((endpoint) => endpoint.addresses) ?? []);
  const list = endpoints ?? [];
  const faults = oneOf(path('addressType'), addressType, ['FQDN', 'IPv4', 'IPv6']);
  faults.push(...portsErrors(ports ?? []));
  if (list.length > maxEndpoints) return [...faults, tooMany(path('endpoints'), list.length, maxEndpoints)];
  faults.push(...list.flatMap((endpoint, index) => endpointErrors(endpoint, path('endpoints').index(index), { addressType, known })));
  return faults;
}

export function validateEndpointSliceUpdate(slice: EndpointSlice, old: EndpointSlice): FieldError[] {
  return [...validateEndpointSlice(slice, old), ...immutable(path('addressType'), slice.addressType, old.addressType)];
}

function endpointErrors(
  endpoint: Endpoint,
  at: Path,
  { addressType, known }: { addressType: string; known: ReadonlySet<string> },
): FieldError[] {
  const { addresses, hostname, nodeName, deprecatedTopology, hints } = endpoint;
  const field = at.child('addresses');
  const faults: FieldError[] = [];
  if (addresses.length === 0) faults.push(required(field, 'must contain at least 1 address'));
  if (addresses.length > maxAddresses) faults.push(tooMany(field, addresses.length, maxAddresses));
  faults.push(
    ...addresses.flatMap((address, index) =>
      known.has(address) ? [] : addressErrors(address, { field, at: field.index(index) }, addressType),
    ),
  );
  if (nodeName !== undefined) faults.push(...checked(at.child('nodeName'), nodeName, dns1123SubdomainFaults));
  const topology = at.child('deprecatedTopology');
  const topologyLabels = Object.keys(deprecatedTopology ?? {}).length;
  if (topologyLabels > maxTopologyLabels) faults.push(tooMany(topology, topologyLabels, maxTopologyLabels));
  faults.push(...labelsErrors(topology, deprecatedTopology));
  if (deprecatedTopology?.['kubernetes.io/hostname'] !== undefined) {
    faults.push(
      invalid(
        topology.key('kubernetes.io/hostname'),
        deprecatedTopology['kubernetes.io/hostname'],
        'may not be set unless node name is set',
      ),
    );
  }
  if (hostname !== undefined) faults.push(...checked(at.child('hostname'), hostname, dns1123LabelFaults));
  if (hints !== undefined) faults.push(...hintsErrors(hints, at.child('hints')));
  return faults;
}

/** validateHints: too many of one kind, and the rest is not looked at. */
function hintsErrors({ forZones = [], forNodes = [] }: NonNullable<Endpoint['hints']>, at: Path): FieldError[] {
  if (forZones.length > maxHints) return [tooMany(at.child('forZones'), forZones.length, maxHints)];
  const ofZones = namesErrors(forZones, at.child('forZones'), labelValueFaults);
  if (forNodes.length > maxHints) return [...ofZones, tooMany(at.child('forNodes'), forNodes.length, maxHints)];
  return [...ofZones, ...namesErrors(forNodes, at.child('forNodes'), dns1123SubdomainFaults)];
}

function namesErrors(hints: readonly { readonly name: string }[], at: Path, rule: (name: string) => string[]): FieldError[] {
  const names = hints.map(({ name }) => name);
  return names.flatMap((name, index) => {
    const own = at.index(index).child('name');
    return [...(names.indexOf(name) < index ? [duplicate(own, name)] : []), ...checked(own, name, rule)];
  });
}

function addressErrors(address: string, { field, at }: { field: Path; at: Path }, addressType: string): FieldError[] {
  if (addressType === 'FQDN') return checked(at, address, dns1123SubdomainFaults);
  const wanted = families[addressType as keyof typeof families] as 4 | 6 | undefined;
  if (wanted === undefined) return [];
  const faults = legacyAddressFaults(at, address);
  if (faults.length > 0) return faults;
  if (parseAddress(address)?.family !== wanted)
    return [invalid(field, address, `must be an ${addressType} address`), ...endpointAddressErrors(at, address)];
  return endpointAddressErrors(at, address);
}

function portsErrors(ports: readonly Port[]): FieldError[] {
  const at = path('ports');
  if (ports.length > maxPorts) return [tooMany(at, ports.length, maxPorts)];
  const seen = new Set<string>();
  return ports.flatMap(({ name = '', protocol, appProtocol }, index) => {
    const own = at.index(index);
    const faults = name === '' ? [] : checked(own.child('name'), name, dns1123LabelFaults);
    if (seen.has(name)) faults.push(duplicate(own.child('name'), name));
    seen.add(name);
    faults.push(...oneOf(own.child('protocol'), protocol, ['SCTP', 'TCP', 'UDP']));
    if (appProtocol !== undefined) faults.push(...checked(own.child('appProtocol'), appProtocol, qualifiedNameFaults));
    return faults;
  });
}
