/** pkg/apis/discovery/validation/validation.go. */
import type { EndpointSlice } from '../../../api/generated/types.ts';
import {
  duplicate,
  internalField,
  invalid,
  notSupported,
  path,
  required,
  tooMany,
  type FieldError,
  type Path,
} from '../../../api/field-errors.ts';
import { addressFaults, legacyAddressFaults, parseAddress } from '../../../api/ip.ts';
import { dns1123LabelFaults, dns1123SubdomainFaults, labelValueFaults, qualifiedNameFaults } from '../../../api/names.ts';
import { semanticEqual } from '../../../api/json.ts';
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
const protocols = ['SCTP', 'TCP', 'UDP'];
const families = { IPv4: 4, IPv6: 6 } as const;

export function validateEndpointSlice({ addressType, endpoints, ports }: EndpointSlice, old?: EndpointSlice): FieldError[] {
  const faults = [...oneOf(path('addressType'), addressType, ['FQDN', 'IPv4', 'IPv6']), ...portsErrors(ports ?? [])];
  const ofEndpoints = endpointsErrors(endpoints ?? [], addressType);
  // what was there before may have been right once
  const kept = ofEndpoints.length > 0 && old !== undefined && semanticEqual(endpoints, old.endpoints);
  return kept ? faults : [...faults, ...ofEndpoints];
}

function endpointsErrors(list: readonly Endpoint[], addressType: string): FieldError[] {
  const at = path('endpoints');
  if (list.length > maxEndpoints) return [tooMany(at, list.length, maxEndpoints)];
  return list.flatMap((endpoint, index) => endpointErrors(endpoint, at.index(index), addressType));
}

export function validateEndpointSliceUpdate(slice: EndpointSlice, old: EndpointSlice): FieldError[] {
  return [...validateEndpointSlice(slice, old), ...immutable(path('addressType'), slice.addressType, old.addressType)];
}

function endpointErrors(endpoint: Endpoint, at: Path, addressType: string): FieldError[] {
  const { addresses, hostname, nodeName, deprecatedTopology, hints } = endpoint;
  const field = at.child('addresses');
  const faults: FieldError[] = [];
  if (addresses.length === 0) faults.push(required(field, 'must contain at least 1 address'));
  if (addresses.length > maxAddresses) faults.push(tooMany(field, addresses.length, maxAddresses));
  faults.push(...addresses.flatMap((address, index) => addressErrors(address, { field, at: field.index(index) }, addressType)));
  if (nodeName !== undefined) faults.push(...checked(at.child('nodeName'), nodeName, dns1123SubdomainFaults));
  const topology = at.child('deprecatedTopology');
  const topologyLabels = Object.keys(deprecatedTopology ?? {}).length;
  if (topologyLabels > maxTopologyLabels) faults.push(tooMany(topology, topologyLabels, maxTopologyLabels));
  faults.push(...labelsErrors(topology, deprecatedTopology));
  const zone = 'topology.kubernetes.io/zone';
  if (deprecatedTopology?.[zone] !== undefined)
    faults.push(internalField(topology.key(zone), 'reserved key was not removed in conversion'));
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
  if (addressType === 'FQDN') return fullNameErrors(at, address);
  const wanted = families[addressType as keyof typeof families] as 4 | 6 | undefined;
  if (wanted === undefined) return [];
  const faults = wanted === 6 ? addressFaults(at, address) : legacyAddressFaults(at, address);
  if (faults.length > 0) return faults;
  if (parseAddress(address)?.family !== wanted)
    return [invalid(field, address, `must be an ${addressType} address`), ...endpointAddressErrors(at, address)];
  return endpointAddressErrors(at, address);
}

/** IsFullyQualifiedDomainName. */
function fullNameErrors(at: Path, address: string): FieldError[] {
  if (address === '') return [required(at)];
  const name = address.replace(/\.$/, '');
  const faults = dns1123SubdomainFaults(name);
  if (faults.length > 0) return [invalid(at, name, faults.join(','))];
  const labels = name.split('.');
  if (labels.length < 2) return [invalid(at, name, 'should be a domain with at least two segments separated by dots')];
  const wrong = labels.find((label) => dns1123LabelFaults(label).length > 0);
  return wrong === undefined ? [] : [invalid(at, wrong, dns1123LabelFaults(wrong).join(','))];
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
    if (!protocols.includes(protocol ?? '')) faults.push(notSupported(own.child('protocol'), protocol ?? '', protocols));
    if (appProtocol !== undefined) faults.push(...checked(own.child('appProtocol'), appProtocol, qualifiedNameFaults));
    return faults;
  });
}
