import { expect, test } from '@jest/globals';
import { storagePrefix } from './keys.ts';

// As `etcdctl get --prefix --keys-only /registry` shows on a real cluster.
test.each([
  ['', 'pods', '/registry/pods/'],
  ['', 'services', '/registry/services/specs/'],
  ['', 'endpoints', '/registry/services/endpoints/'],
  ['', 'nodes', '/registry/minions/'],
  ['', 'replicationcontrollers', '/registry/controllers/'],
  ['apps', 'deployments', '/registry/deployments/'],
  ['networking.k8s.io', 'ingresses', '/registry/ingress/'],
  ['rbac.authorization.k8s.io', 'clusterroles', '/registry/clusterroles/'],
  ['apiextensions.k8s.io', 'customresourcedefinitions', '/registry/apiextensions.k8s.io/customresourcedefinitions/'],
  ['apiregistration.k8s.io', 'apiservices', '/registry/apiregistration.k8s.io/apiservices/'],
  ['gateway.networking.k8s.io', 'gateways', '/registry/gateway.networking.k8s.io/gateways/'],
  ['example.com', 'pods', '/registry/example.com/pods/'],
])('%s %s are kept under %s', (group, resource, prefix) => {
  expect(storagePrefix({ group, resource })).toBe(prefix);
});

test('a definition may share the place of another one', () => {
  expect(storagePrefix({ group: 'events.k8s.io', resource: 'events', storage: { group: '', resource: 'events' } })).toBe(
    '/registry/events/',
  );
});
