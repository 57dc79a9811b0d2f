/** Lists, pages, versions and watches in all their combinations. */
import { type Case, get, patch, post, quiet, remove, type Step } from '../case.ts';

const one = (name: string, ...steps: Step[]): Case => ({ name, steps });
const maps = '/api/v1/namespaces/{ns}/configmaps';
const mine = 'labelSelector=reads%3D{run}';
const map = (name: string): object => ({ metadata: { name: `read-${name}-{run}`, labels: { reads: '{run}', first: name } } });

const versions = ['', '0', '1', '999999999999', 'x', '-1', '01'];
const matches = ['', 'Exact', 'NotOlderThan', 'exact'];
const limits = ['', '1', '0'];

/** A token that says what upstream's say: this version, from the start. */
const token = (version: number): string =>
  Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: version, start: 'read-a\u0000' })).toString('base64url');
const tokens = ['nonsense', 'e30', token(-1), token(0), token(999_999_999_999)];

function query(parameters: Readonly<Record<string, string>>): string {
  const text = Object.entries(parameters)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return [mine, ...text].join('&');
}

export function readCases(): readonly Case[] {
  return [
    one('reads/prepare', ...['a', 'b', 'c'].map((name) => quiet(post(maps, map(name))))),
    ...listCases(),
    ...watchCases(),
    ...selectorCases(),
    one('reads/clean', quiet(remove(`${maps}?${mine}`))),
  ];
}

function listCases(): readonly Case[] {
  const steps = versions.flatMap((resourceVersion) =>
    matches.flatMap((resourceVersionMatch) =>
      limits.map((limit) => get(`${maps}?${query({ resourceVersion, resourceVersionMatch, limit })}`)),
    ),
  );
  return [
    // Versions from long ago are gone on one server and not on the other.
    one('reads/versions', ...steps.filter(({ path }) => !/resourceVersion=0?1&/.test(path) || path.includes('NotOlderThan'))),
    ...tokens.map((text) =>
      one(
        `reads/continue ${text}`,
        get(`${maps}?${query({ continue: text, limit: '1' })}`),
        get(`${maps}?${query({ continue: text, resourceVersion: '5' })}`),
        get(`${maps}?${query({ continue: text, resourceVersion: '0' })}`),
        get(`${maps}?${query({ continue: text, resourceVersionMatch: 'Exact' })}`),
      ),
    ),
    one(
      'reads/remaining',
      get(`${maps}?limit=1`, { mask: ['items', 'metadata.remainingItemCount'] }),
      get(`${maps}?limit=1&fieldSelector=metadata.name%3Dread-a-{run}`),
      get(`${maps}?limit=500&${mine}`),
      get(`/api/v1/configmaps?limit=1&${mine}`),
    ),
    one(
      'reads/one object',
      ...versions.map((version) => get(`${maps}/read-a-{run}?resourceVersion=${version}`)),
      get(`${maps}/read-a-{run}?resourceVersion=1&resourceVersionMatch=Exact`),
      get(`${maps}/missing?resourceVersion=0`),
      get(`${maps}/read-a-{run}?limit=x&watch=1`),
    ),
    one(
      'reads/send initial events',
      get(`${maps}?sendInitialEvents=true`),
      get(`${maps}?sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion=0`),
    ),
  ];
}

function watchCases(): readonly Case[] {
  const watch = (parameters: Readonly<Record<string, string>>, events: number): Step =>
    get(`${maps}?${query({ watch: '1', timeoutSeconds: '1', ...parameters })}`, { events });
  const bookmarks = { allowWatchBookmarks: 'true' };
  const initial = { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' };
  return [
    one(
      'reads/watch',
      watch({}, 3),
      watch({ resourceVersion: '0' }, 3),
      watch({ resourceVersion: 'x' }, 1),
      watch({ resourceVersion: '-1' }, 1),
      watch({ resourceVersion: '999999999999' }, 1),
      watch({ timeoutSeconds: 'x' }, 1),
      watch({ limit: '1' }, 3),
      watch({ continue: token(1) }, 3),
      watch(bookmarks, 3),
    ),
    one(
      'reads/watch list',
      watch({ ...initial, ...bookmarks }, 4),
      watch({ ...initial, ...bookmarks, resourceVersion: '0' }, 4),
      watch({ ...initial, ...bookmarks, resourceVersion: '1' }, 4),
      watch({ ...initial, ...bookmarks, resourceVersion: '999999999999' }, 1),
      watch(initial, 3),
      watch({ ...initial, sendInitialEvents: 'false' }, 1),
      watch({ ...initial, sendInitialEvents: 'false', ...bookmarks, resourceVersion: '0' }, 1),
      watch({ sendInitialEvents: 'true' }, 1),
      watch({ sendInitialEvents: 'true', resourceVersionMatch: 'Exact' }, 1),
      watch({ resourceVersionMatch: 'NotOlderThan' }, 1),
      watch({ ...initial, continue: 'x' }, 1),
    ),
    one(
      'reads/watch the old way',
      get(`/api/v1/watch/namespaces/{ns}/configmaps?${query({ timeoutSeconds: '1' })}`, { events: 3 }),
      get(`/api/v1/watch/configmaps?${query({ timeoutSeconds: '1' })}`, { events: 3 }),
      get('/api/v1/watch/namespaces/{ns}/configmaps/read-a-{run}?timeoutSeconds=1', { events: 1 }),
      get('/api/v1/watch/namespaces/{ns}/configmaps/read-a-{run}?timeoutSeconds=1&fieldSelector=metadata.name%3Dread-b-{run}', {
        events: 1,
      }),
      get('/api/v1/watch/namespaces/{ns}/configmaps/read-a-{run}?timeoutSeconds=1&fieldSelector=metadata.name%3Dread-a-{run}', {
        events: 1,
      }),
      get('/api/v1/watch/nodes?timeoutSeconds=1&labelSelector=none', { events: 1 }),
      get('/api/v1/watch/namespaces/{ns}?timeoutSeconds=1', { events: 1 }),
      get('/api/v1/watch', { events: 1 }),
      get('/api/v1/watch/nothings', { events: 1 }),
      { method: 'POST', path: '/api/v1/watch/configmaps' },
    ),
    one(
      'reads/watch of what cannot be watched',
      get('/apis/authentication.k8s.io/v1/tokenreviews?watch=1', { events: 1 }),
      get('/api/v1/componentstatuses?watch=1', { events: 1 }),
      get(`${maps}/read-a-{run}?watch=1&timeoutSeconds=1`, { events: 1 }),
    ),
  ];
}

/** Fields by which kinds can be selected, and one that none has. */
const fields: Readonly<Record<string, readonly string[]>> = {
  '/api/v1/pods': [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.podIPs',
    'status.nominatedNodeName',
    'spec.unknown',
  ],
  '/api/v1/events': [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
    'regarding.name',
  ],
  '/apis/events.k8s.io/v1/events': ['regarding.kind', 'regarding.name', 'reason', 'reportingController', 'type', 'involvedObject.name'],
  '/api/v1/namespaces': ['status.phase', 'name', 'spec.x'],
  '/api/v1/nodes': ['spec.unschedulable', 'spec.x'],
  '/api/v1/secrets': ['type', 'data'],
  '/api/v1/services': ['spec.clusterIP', 'spec.type', 'spec.ports'],
  '/api/v1/replicationcontrollers': ['status.replicas', 'spec.replicas'],
  '/api/v1/persistentvolumes': ['name', 'spec.x'],
  '/apis/apps/v1/replicasets': ['status.replicas', 'spec.replicas'],
  '/apis/apps/v1/deployments': ['spec.replicas'],
  '/apis/batch/v1/jobs': ['status.successful', 'spec.x'],
  '/apis/certificates.k8s.io/v1/certificatesigningrequests': ['spec.signerName', 'spec.x'],
  '/apis/resource.k8s.io/v1/resourceslices': ['spec.nodeName', 'spec.driver', 'spec.x'],
  '/apis/rbac.authorization.k8s.io/v1/clusterroles': ['rules'],
};

function selectorCases(): readonly Case[] {
  const choices = (field: string): readonly string[] => [`${field}=nothing-{run}`, `${field}!=,${field}=none-{run}`];
  return [
    ...Object.entries(fields).map(([path, names]) =>
      one(
        `reads/fields of ${path}`,
        ...names
          .flatMap(choices)
          .map((text) => get(`${path}?fieldSelector=${encodeURIComponent(text).replaceAll('%7B', '{').replaceAll('%7D', '}')}`)),
        get(`${path}?watch=1&timeoutSeconds=1&fieldSelector=spec.nothing%3D1`, { events: 1 }),
        get(`${path}?fieldSelector=metadata.namespace%3Dnothing`),
      ),
    ),
    one(
      'reads/selectors turn updates into other events',
      quiet(post(maps, map('turning'))),
      quiet(patch('merge', `${maps}/read-turning-{run}`, { metadata: { labels: { first: 'other' } } })),
      get(`${maps}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Dread-turning-{run}&labelSelector=first%3Dother`, { events: 1 }),
      get(`${maps}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Dread-turning-{run}&labelSelector=first%3Dturning`, { events: 1 }),
    ),
  ];
}
