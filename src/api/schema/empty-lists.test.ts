import { expect, test } from '@jest/globals';
import { emptyListsToNull } from './empty-lists.ts';
import { schemaOfKind } from './facts.ts';
import type { Schema } from './schema.ts';

const schema = (group: string, version: string, kind: string): Schema => {
  const found = schemaOfKind(group, version, kind);
  if (found === undefined) throw new Error(`no facts of ${kind}`);
  return found;
};

test.each([
  ['', 'v1', 'LimitRange', { spec: { limits: [] } }, { spec: { limits: null } }],
  ['rbac.authorization.k8s.io', 'v1', 'Role', { rules: [] }, { rules: null }],
  ['rbac.authorization.k8s.io', 'v1', 'Role', { rules: [{ verbs: [] }] }, { rules: [{ verbs: null }] }],
  ['discovery.k8s.io', 'v1', 'EndpointSlice', { endpoints: [], ports: [{}] }, { endpoints: null, ports: [{}] }],
  ['', 'v1', 'Pod', { spec: { volumes: [{ projected: { sources: [] } }] } }, { spec: { volumes: [{ projected: { sources: null } }] } }],
  // what Go leaves out when it is empty is none of its business
  ['', 'v1', 'ConfigMap', { data: {} }, { data: {} }],
])('%s/%s %s %j', (...[group, version, kind, given, stored]) => {
  const object = structuredClone(given);
  emptyListsToNull(object, schema(group, version, kind));
  expect(object).toEqual(stored);
});
