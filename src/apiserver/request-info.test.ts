import { describe, expect, test } from '@jest/globals';
import { BadPath, requestInfo } from './request-info.ts';

describe('request info', () => {
  test.each([
    ['GET', '/api/v1/pods', { verb: 'list', resource: 'pods', namespace: '' }],
    ['GET', '/api/v1/namespaces/a/pods', { verb: 'list', resource: 'pods', namespace: 'a' }],
    ['GET', '/api/v1/namespaces/a/pods/b', { verb: 'get', resource: 'pods', namespace: 'a', name: 'b' }],
    ['HEAD', '/api/v1/namespaces/a/pods/b/', { verb: 'get', name: 'b' }],
    ['GET', '/api/v1/namespaces/a/pods/b/log', { verb: 'get', name: 'b', subresource: 'log' }],
    ['GET', '/api/v1/namespaces/a/pods/b/proxy/x/y', { subresource: 'proxy', parts: ['pods', 'b', 'proxy', 'x', 'y'] }],
    ['GET', '/api/v1/namespaces', { verb: 'list', resource: 'namespaces', namespace: '' }],
    ['GET', '/api/v1/namespaces/a', { verb: 'get', resource: 'namespaces', name: 'a', namespace: 'a' }],
    ['PUT', '/api/v1/namespaces/a/finalize', { verb: 'update', resource: 'namespaces', name: 'a', subresource: 'finalize' }],
    ['POST', '/apis/apps/v1/namespaces/a/deployments', { verb: 'create', group: 'apps', version: 'v1', resource: 'deployments' }],
    ['DELETE', '/apis/apps/v1/namespaces/a/deployments', { verb: 'deletecollection' }],
    ['PATCH', '/apis/apps/v1/namespaces/a/deployments/d/scale', { verb: 'patch', subresource: 'scale', name: 'd' }],
    ['GET', '/api/v1/watch/namespaces/a/pods/b', { verb: 'watch', watchPrefix: true, name: 'b', resource: 'pods', namespace: 'a' }],
    ['GET', '/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Aadmin', { name: 'system:admin' }],
  ])('%s %s', (method, path, expected) => {
    expect(requestInfo(method, path, false)).toMatchObject({ resourceRequest: true, ...expected });
  });

  test.each(['/', '/api', '/api/v1', '/apis', '/apis/apps', '/apis/apps/v1', '/healthz', '/version'])('%s is no resource', (path) => {
    expect(requestInfo('GET', path, false)).toMatchObject({ resourceRequest: false, verb: 'get', path });
  });

  test('a list that watches', () => {
    expect(requestInfo('GET', '/api/v1/pods', true).verb).toBe('watch');
    expect(requestInfo('GET', '/api/v1/namespaces/a/pods/b', true).verb).toBe('get');
  });

  test('paths that cannot be read', () => {
    expect(() => requestInfo('GET', '/api/v1/watch', false)).toThrow(BadPath);
    expect(() => requestInfo('GET', '/api/v1/pods/%zz', false)).toThrow(BadPath);
  });
});
