/** Discovery, version, health and reviews. */
import { type Case, get, post, type Step } from '../case.ts';

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
