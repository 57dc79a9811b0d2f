/** A quota's status, counted from what is there; for the controller that keeps it (pkg/controller/resourcequota). */
import type { ResourceQuota } from '../generated/types.ts';
import type { KubeObject } from '../object.ts';
import { type Amounts, addTo } from '../pod-resources.ts';
import { zeroQuantity } from '../quantity.ts';
import { inScopes } from './scopes.ts';
import { countName, type GroupResource, quotaNames, quotaUsage } from './usage.ts';

const countedCore = ['pods', 'services', 'persistentvolumeclaims', 'configmaps', 'resourcequotas', 'replicationcontrollers', 'secrets'];

const deviceClaims = { group: 'resource.k8s.io', resource: 'resourceclaims' } as const;

/** The kinds whose objects use up what a quota limits. */
export function quotaKinds({ spec }: ResourceQuota): GroupResource[] {
  const names = Object.keys(spec?.hard ?? {});
  const core = countedCore.map((resource) => ({ group: '', resource })).filter((kind) => quotaNames(kind, names).length > 0);
  const devices = quotaNames(deviceClaims, names).length > 0 ? [deviceClaims] : [];
  const others = names.flatMap((name) => {
    const [, resource = '', group = ''] = /^count\/([^.]+)(?:\.(.+))?$/.exec(name) ?? [];
    return resource === '' || (group === '' && countedCore.includes(resource)) || countName({ group, resource }) === countName(deviceClaims)
      ? []
      : [{ group, resource }];
  });
  return [...core, ...devices, ...others];
}

/**
 * `objects`: all those of the quota's namespace, by kind; what no kind uses up is not in `used`. `now`: milliseconds since
 * the epoch.
 */
export function quotaStatus(
  quota: ResourceQuota,
  objects: readonly { readonly kind: GroupResource; readonly items: readonly KubeObject[] }[],
  now: number,
): { hard: Record<string, string>; used: Record<string, string> } {
  const hard = { ...quota.spec?.hard };
  const names = Object.keys(hard);
  const counted = objects.flatMap(({ kind }) => quotaNames(kind, names));
  const used: Amounts = new Map(names.filter((name) => counted.includes(name)).map((name) => [name, zeroQuantity]));
  for (const { kind, items } of objects) {
    const own = new Set(quotaNames(kind, names));
    for (const item of items) {
      if (!inScopes(quota, kind, item)) continue;
      addTo(used, new Map([...quotaUsage(kind, item, now)].filter(([name]) => own.has(name))));
    }
  }
  return { hard, used: Object.fromEntries([...used].map(([name, quantity]) => [name, quantity.toString()])) };
}
