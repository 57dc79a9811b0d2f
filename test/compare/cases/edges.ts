/** What clients seldom ask: odd paths, conditions and ranges, names nobody has, methods nobody uses. */
import { type Case, get, patch, post, put, quiet, remove, type Step } from '../case.ts';

const one = (name: string, ...steps: Step[]): Case => ({ name, steps });
const maps = '/api/v1/namespaces/{ns}/configmaps';
const accounts = '/api/v1/namespaces/{ns}/serviceaccounts';
const version = '/openapi/v3/version';
const asking = (header: string, value: string): Step => get(version, { headers: { [header]: value } });

export function edgeCases(): readonly Case[] {
  return [
    one(
      'edges/paths',
      ...['/apis//', '/apis///', '/apis//v1/pods', '/openapi/v2/', '/openapi/v3/', '/openapi/v3/version/', '/openapi/v3/nothing'].map(
        (path) => get(path),
      ),
      get('/api/v1/proxy/nodes/x'),
    ),
    one('edges/heads', ...['/api/v1', '/apis/apps/v1', '/version', '/apis/apps'].map((path): Step => ({ method: 'HEAD', path }))),
    one(
      'edges/places',
      get('/api/v1/bindings'),
      post('/apis/authorization.k8s.io/v1/localsubjectaccessreviews', {}),
      get('/api/v1/namespaces/{ns}/namespaces'),
      get('/api/v1/namespaces/{ns}/namespaces/{ns}'),
      remove('/api/v1/namespaces/{ns}/namespaces/{ns}'),
      get('/api/v1/namespaces/{ns}/nodes'),
      get('/api/v1/namespaces/../namespaces/{ns}'),
    ),
    one(
      'edges/names',
      get('/api/v1/namespaces/{ns}/configmaps/a%00'),
      get('/api/v1/namespaces/{ns}/configmaps/%E2%80%A8'),
      get('/api/v1/namespaces/{ns}/configmaps?limit=99999999999999999999'),
      get('/api/v1/namespaces/{ns}/configmaps?timeoutSeconds=-9223372036854775809'),
    ),
    one(
      'edges/conditions of documents',
      asking('range', 'bytes=0-9'),
      asking('range', 'bytes=-9'),
      asking('range', 'bytes=99999999-'),
      asking('range', 'lines=0-9'),
      asking('if-match', '"x"'),
      asking('if-none-match', '*'),
      asking('if-modified-since', 'Sun, 06 Nov 2094 08:49:37 GMT'),
      asking('if-unmodified-since', 'Sun, 06 Nov 1994 08:49:37 GMT'),
    ),
    one(
      'edges/empty dry run',
      post(`${maps}?dryRun=`, { metadata: { name: 'dry-{run}' } }),
      put(`${maps}/dry-{run}?dryRun=&dryRun=All`, { metadata: { name: 'dry-{run}' } }),
      patch('merge', `${maps}/dry-{run}?dryRun=`, {}),
      remove(`${maps}/dry-{run}?dryRun=`),
      remove(`${maps}?dryRun=&labelSelector=none`),
      get(`${maps}/dry-{run}`),
    ),
    one(
      'edges/upgrades',
      quiet(post(maps, { metadata: { name: 'upgraded-{run}' } })),
      ...['h2c', 'SPDY/3.1'].map((upgrade) =>
        get(`${maps}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Dupgraded-{run}`, {
          headers: { connection: 'Upgrade', upgrade },
          events: 1,
        }),
      ),
      quiet(remove(`${maps}/upgraded-{run}`)),
    ),
    one(
      'edges/headers',
      get(`${maps}/none`, { headers: { 'accept-encoding': 'gzip, gzip' } }),
      post(maps, { metadata: { name: 'n\u0000' } }),
      post(maps, { metadata: { name: 'a"b' } }),
      post('/api/v1/namespaces/{ns}/services', 'null'),
      get(`${maps}?continue=${Buffer.from('{"v":"meta.k8s.io/v1","rv":-1,"start":"/"}').toString('base64url')}&labelSelector=none`),
    ),
    one(
      'edges/tokens',
      quiet(post(accounts, { metadata: { name: 'tokens-{run}' } })),
      ...[
        { metadata: { name: 'other' } },
        { metadata: { namespace: 'other' } },
        { spec: { boundObjectRef: { kind: 'Pod', apiVersion: 'v1' } } },
        { spec: { audiences: ['a', 'b'] } },
        { spec: { expirationSeconds: 599 } },
      ].map((body) => post(`${accounts}/tokens-{run}/token`, body, { mask: ['status.token', 'status.expirationTimestamp'] })),
      post(`${accounts}/none/token`, { metadata: { name: 'other' } }),
      quiet(remove(`${accounts}/tokens-{run}`)),
    ),
    one(
      'edges/evictions and finalizers',
      quiet(
        post('/api/v1/namespaces/{ns}/pods', { metadata: { name: 'evicted-{run}' }, spec: { containers: [{ name: 'c', image: 'i' }] } }),
      ),
      post('/api/v1/namespaces/{ns}/pods/evicted-{run}/eviction?dryRun=All', {
        apiVersion: 'policy/v1beta1',
        kind: 'Eviction',
        metadata: { name: 'evicted-{run}' },
      }),
      put('/api/v1/namespaces/{ns}/finalize', { metadata: { name: '{ns}' }, spec: { finalizers: ['kubernetes', 'nope'] } }),
      quiet(remove('/api/v1/namespaces/{ns}/pods/evicted-{run}?gracePeriodSeconds=0')),
    ),
    one('edges/shared parameters', get('/openapi/v2', { mask: ['paths', 'definitions'] })),
  ];
}
