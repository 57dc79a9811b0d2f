/** Discovery, version, health and reviews. */
import { type Case, get, post, put, remove, type Step } from '../case.ts';

const one = (name: string, ...steps: Step[]): Case => ({ name, steps });
const aggregated = { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json' };
const groups = [
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'apps',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'coordination.k8s.io',
  'discovery.k8s.io',
  'events.k8s.io',
  'flowcontrol.apiserver.k8s.io',
  'networking.k8s.io',
  'node.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'resource.k8s.io',
  'scheduling.k8s.io',
  'storage.k8s.io',
];
const authorization = '/apis/authorization.k8s.io/v1';

export function protocolCases(): readonly Case[] {
  return [
    one('discovery/api', get('/api', { mask: ['serverAddressByClientCIDRs'] }), get('/api/v1'), get('/apis')),
    ...groups.map((group) => one(`discovery/${group}`, get(`/apis/${group}`), get(`/apis/${group}/v1`))),
    one('discovery/autoscaling-v2', get('/apis/autoscaling/v2')),
    one('discovery/aggregated', get('/api', { headers: aggregated }), get('/apis', { headers: aggregated })),
    one(
      'version',
      get('/version', { mask: ['gitCommit', 'buildDate', 'goVersion', 'compiler', 'platform', 'gitVersion', 'gitTreeState'] }),
    ),
    one('health', get('/healthz'), get('/livez'), get('/readyz'), get('/readyz/ping'), get('/livez/nothing')),
    one('health/slashes', get('/healthz/'), get('/livez/ping/'), get('/readyz//'), get('/metrics/')),
    one(
      'paths/slashes',
      ...['//api/v1/pods', '/api//v1/pods', '/api/v1//pods', '/apis//apps/v1/deployments', '/apis/apps//deployments'].map((path) =>
        get(path),
      ),
    ),
    one(
      'paths/names',
      ...['pods/%2e%2e', 'pods/a%25b', 'pods/%2e/log', 'services/none/proxy/'].map((path) => get(`/api/v1/namespaces/{ns}/${path}`)),
      put('/api/v1/namespaces/{ns}/configmaps/%2e%2e', { metadata: { name: '..' } }),
      remove('/api/v1/namespaces/{ns}/configmaps/a%25'),
    ),
    one(
      'reviews/access',
      post(
        `${authorization}/selfsubjectaccessreviews`,
        { spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } },
        { mask: ['status.reason'] },
      ),
      post(`${authorization}/selfsubjectaccessreviews`, { spec: {} }),
      post(`${authorization}/subjectaccessreviews`, { spec: {} }),
      get(`${authorization}/selfsubjectaccessreviews`),
    ),
    one(
      'reviews/token',
      post('/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token: 'nonsense' } }),
      post('/apis/authentication.k8s.io/v1/tokenreviews', {}),
      post('/apis/authentication.k8s.io/v1/selfsubjectreviews', {}, { mask: ['status'] }),
    ),
  ];
}
