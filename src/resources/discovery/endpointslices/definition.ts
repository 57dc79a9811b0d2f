import type { EndpointSlice } from '../../../api/generated/types.ts';
import { path } from '../../../api/field-errors.ts';
import { addressWarnings } from '../../../api/ip.ts';
import { semanticEqual } from '../../../api/json.ts';
import { dns1123SubdomainFaults } from '../../../api/names.ts';
import { define } from '../../../registry/definition.ts';
import type { Strategy } from '../../../registry/definition.ts';
import { age, firstThree, name, text } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { validateEndpointSlice, validateEndpointSliceUpdate } from './validation.ts';

/** pkg/registry/discovery/endpointslice/strategy.go: labels count for the generation too. */
const strategy: Strategy<EndpointSlice> = {
  default({ ports = [] }) {
    for (const port of ports ?? []) {
      port.name ??= '';
      port.protocol ??= 'TCP';
    }
  },
  prepareForCreate(slice) {
    slice.metadata.generation = 1;
    dropTopology(slice);
  },
  prepareForUpdate(slice, old) {
    if (!semanticEqual(content(slice), content(old))) slice.metadata.generation = (old.metadata.generation ?? 0) + 1;
    if (!semanticEqual(slice.endpoints, old.endpoints)) dropTopology(slice, old);
  },
  validate: (slice) => validateEndpointSlice(slice),
  validateUpdate: validateEndpointSliceUpdate,
  warnings: (slice, old) => [
    ...(old === undefined && slice.addressType === 'FQDN' ? ['spec.addressType: FQDN endpoints are deprecated'] : []),
    ...addressesWarnings(slice),
  ],
};

const controllers: ReadonlySet<string | undefined> = new Set([
  'endpointslice-controller.k8s.io',
  'endpointslicemirroring-controller.k8s.io',
]);

/** What the controllers write is right. */
function addressesWarnings({ metadata, endpoints }: EndpointSlice): string[] {
  if (controllers.has(metadata.labels?.['endpointslice.kubernetes.io/managed-by'])) return [];
  return (endpoints ?? []).flatMap(({ addresses }, index) =>
    addresses.flatMap((address, place) => addressWarnings(path('endpoints').index(index).child('addresses').index(place), address)),
  );
}

const hostLabel = 'kubernetes.io/hostname';

/** What only v1beta1 could write (dropTopologyOnV1). */
function dropTopology({ endpoints }: EndpointSlice, old?: EndpointSlice): void {
  const known = new Set((old?.endpoints ?? []).map(({ deprecatedTopology }) => deprecatedTopology?.[hostLabel] ?? ''));
  for (const endpoint of endpoints ?? []) {
    const host = endpoint.deprecatedTopology?.[hostLabel] ?? '';
    // where older versions had the node's name
    if (endpoint.nodeName === undefined && host !== '' && known.has(host) && dns1123SubdomainFaults(host).length === 0)
      endpoint.nodeName = host;
    delete endpoint.deprecatedTopology;
  }
}

function content({ metadata, addressType, endpoints, ports }: EndpointSlice): unknown {
  return { labels: metadata.labels, addressType, endpoints, ports };
}

export const endpointslices = define<EndpointSlice>({
  ...fromFacts('discovery.k8s.io', 'v1', 'endpointslices'),
  strategy,
  columns: [
    name,
    text('AddressType', ({ addressType }) => addressType),
    text('Ports', ({ ports }) =>
      firstThree(
        (ports ?? []).map((port) => (port.port === undefined ? (port.name ?? '*') : String(port.port))),
        '<unset>',
      ),
    ),
    text('Endpoints', ({ endpoints }) =>
      firstThree(
        (endpoints ?? []).flatMap((endpoint) => endpoint.addresses),
        '<unset>',
      ),
    ),
    age,
  ],
});
