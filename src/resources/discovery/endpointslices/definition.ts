import type { EndpointSlice } from '../../../api/generated/types.ts';
import { semanticEqual } from '../../../api/json.ts';
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
    if (!semanticEqual(slice.endpoints, old.endpoints)) dropTopology(slice);
    if (!semanticEqual(content(slice), content(old))) slice.metadata.generation = (old.metadata.generation ?? 0) + 1;
  },
  validate: (slice) => validateEndpointSlice(slice),
  validateUpdate: validateEndpointSliceUpdate,
  warnings: ({ addressType }, old) =>
    old === undefined && addressType === 'FQDN' ? ['spec.addressType: FQDN endpoints are deprecated'] : [],
};

/** What only v1beta1 could write (dropTopologyOnV1). */
function dropTopology({ endpoints }: EndpointSlice): void {
  for (const endpoint of endpoints ?? []) delete endpoint.deprecatedTopology;
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
