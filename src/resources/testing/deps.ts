/** What tests of kinds need: dependencies with nothing behind them, and an engine over memory with all kinds. */
import type { Clock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import type { KubeObject } from '../../api/object.ts';
import type { RequestContext } from '../../registry/context.ts';
import { createRegistry, type DynamicRegistry } from '../../registry/registry.ts';
import { openMemory } from '../../storage/memory/memory.ts';
import type { Running } from '../../base/lifecycle.ts';
import type { ResourceDeps } from '../deps.ts';
import { builtinResources } from '../index.ts';

export const admin: RequestContext = { user: { name: 'admin', groups: ['system:masters'] }, warn: () => undefined };

export function testDeps(clock: Clock, stores: ResourceDeps['stores'] = () => undefined): ResourceDeps {
  const refuse = (): Promise<never> => Promise.reject(new Error('not in this test'));
  return {
    clock,
    serviceCIDRs: ['10.43.0.0/24', 'fd43::/112'],
    nodePorts: { first: 30_000, last: 30_099 },
    reviews: {
      reviewToken: refuse,
      reviewAccess: refuse,
      reviewRules: refuse,
      issueToken: ({ name }) => Promise.resolve({ token: `token of ${name}`, expirationTimestamp: '', audiences: ['here'] }),
    },
    stores,
  };
}

/** What the bootstrap of a server makes of --service-cidr: without it no Service gets an address. */
export async function makeServiceCIDR(registry: DynamicRegistry, cidrs: readonly string[], name = 'kubernetes'): Promise<void> {
  const object = { metadata: { name }, spec: { cidrs: [...cidrs] } } as unknown as KubeObject;
  await registry.lookup('networking.k8s.io', 'v1', 'servicecidrs')?.create('', object, admin);
}

export async function testRegistry(clock: Clock, parts: Pick<ResourceDeps, 'featureGates'> = {}): Promise<DynamicRegistry & Running> {
  const holder: { registry?: DynamicRegistry } = {};
  const definitions = builtinResources({ ...testDeps(clock, (...name) => holder.registry?.lookup(...name)), ...parts });
  const registry = await createRegistry({ storage: openMemory({ clock }), definitions, admission: [], clock, logger: silentLogger });
  holder.registry = registry;
  await makeServiceCIDR(registry, ['10.43.0.0/24', 'fd43::/112']);
  return registry;
}
