import type { Endpoints } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { age, firstThree, name, text } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { endpointsWarnings, validateEndpoints, validateEndpointsUpdate } from './validation.ts';

export const endpoints = define<Endpoints>({
  ...fromFacts('', 'v1', 'endpoints'),
  deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  strategy: {
    default({ subsets = [] }) {
      for (const subset of subsets) for (const port of subset.ports ?? []) port.protocol ||= 'TCP';
    },
    validate: validateEndpoints,
    validateUpdate: validateEndpointsUpdate,
    warnings: endpointsWarnings,
    allowCreateOnUpdate: true,
  },
  columns: [name, text('Endpoints', shown), age],
});

function shown({ subsets = [] }: Endpoints): string {
  const list = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) => addresses.map(({ ip }) => `${ip.includes(':') ? `[${ip}]` : ip}:${String(port)}`)),
  );
  return firstThree(list, subsets.length === 0 ? '<none>' : '');
}
