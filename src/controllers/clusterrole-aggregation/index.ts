/** Fills ClusterRoles that are made of others: pkg/controller/clusterroleaggregation. */
import type { ClusterRole } from '../../api/generated/types.ts';
import { labelMatcher } from '../../api/label-selector.ts';
import { jsonEqual } from '../../base/json-equal.ts';
import type { Running } from '../../base/lifecycle.ts';
import { startReconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import type { Controller, ControllerContext } from '../shared/controller.ts';

export const clusterRoleAggregationController: Controller = {
  name: 'clusterrole-aggregation-controller',
  watches: ['clusterroles'],
  start,
};

type Rules = NonNullable<ClusterRole['rules']>;

function start({ client, clock, logger, queues, informers }: ControllerContext): Running {
  const roles = informers.of(refs.clusterRoles);
  const loop = startReconciler({
    name: 'clusterrole-aggregation-controller',
    clock,
    logger,
    queues,
    ready: roles.synced,
    async reconcile(name) {
      const role = roles.store.get(name);
      if (role?.aggregationRule === undefined) return undefined;
      const rules = aggregate(role, [...roles.store.values()]);
      if (jsonEqual(rules, role.rules ?? [])) return undefined;
      const body = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name }, rules };
      const fieldManager = 'clusterrole-aggregation-controller';
      await client.resource(refs.clusterRoles).patch('', name, { type: 'application/apply-patch+yaml', body, fieldManager, force: true });
      return undefined;
    },
  });
  // Any role may be part of any aggregate.
  loop.watch(roles, () =>
    [...roles.store.values()].filter(({ aggregationRule }) => aggregationRule !== undefined).map(({ metadata }) => metadata.name),
  );
  return loop;
}

/** The rules of the roles each selector selects, by name; each rule once. */
export function aggregate(role: ClusterRole, roles: readonly ClusterRole[]): Rules {
  const byName = [...roles].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const rules: Rules = [];
  for (const selector of role.aggregationRule?.clusterRoleSelectors ?? []) {
    const matches = labelMatcher(selector);
    for (const other of byName) {
      if (other.metadata.name === role.metadata.name || !matches(other.metadata.labels)) continue;
      for (const rule of other.rules ?? []) if (!rules.some((known) => jsonEqual(known, rule))) rules.push(rule);
    }
  }
  return rules;
}
