/** Subresources, deletion, generated names, pages and watches. */
import { type Case, get, patch, post, put, quiet, remove, type Step } from '../case.ts';

const core = '/api/v1/namespaces/{ns}';
const maps = `${core}/configmaps`;
const deployments = '/apis/apps/v1/namespaces/{ns}/deployments';
const one = (name: string, ...steps: Step[]): Case => ({ name, steps });
const map = (name: string, labels: Readonly<Record<string, string>> = {}) => ({ metadata: { name, labels } });
const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
const deployment = {
  metadata: { name: 'scaled-{run}' },
  spec: { replicas: 0, paused: true, selector: { matchLabels: { a: 'b' } }, template },
};
const scaled = `${deployments}/scaled-{run}`;
const pod = (name: string, rest = {}) => ({
  metadata: { name, ...rest },
  spec: { automountServiceAccountToken: false, schedulerName: 'nobody', containers: [{ name: 'c', image: 'i' }] },
});
const podMask = { mask: ['status.conditions'] };

export function updateCases(): readonly Case[] {
  return [
    one(
      'scale',
      quiet(post(deployments, deployment)),
      get(`${scaled}/scale`),
      put(`${scaled}/scale`, { metadata: { name: 'scaled-{run}' }, spec: { replicas: 0 } }),
      patch('merge', `${scaled}/scale`, { spec: { replicas: 0 } }),
      patch('merge', `${scaled}/scale`, { spec: { replicas: -1 } }),
      patch('merge', `${scaled}/scale`, { spec: { replicas: 'x' } }),
      put(`${scaled}/scale`, { metadata: { name: 'other' }, spec: { replicas: 0 } }),
      put(`${scaled}/scale`, deployment),
      get(`${deployments}/missing/scale`),
      ...['None', 'Metadata', 'Object'].map((include) =>
        get(`${scaled}/scale?includeObject=${include}`, { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } }),
      ),
      get(`${scaled}/scale`, { headers: { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' } }),
      get(`${scaled}/scale`, { headers: { accept: 'application/vnd.kubernetes.protobuf' } }),
      get(`${scaled}/scale`, { headers: { accept: 'application/yaml' } }),
      put(
        `${scaled}/scale`,
        { kind: 'Scale', apiVersion: 'autoscaling/v1', metadata: { name: 'scaled-{run}' }, spec: { replicas: 1 } },
        {
          headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' },
        },
      ),
      put(`${scaled}/scale`, { metadata: { name: 'scaled-{run}' }, spec: { replicas: 0 } }),
    ),
    one(
      'delete/bodies',
      ...[
        '[',
        '[]',
        '"x"',
        { kind: 'Status', apiVersion: 'v1' },
        { kind: 'ListOptions', apiVersion: 'v1' },
        { kind: 'DeleteOptions', apiVersion: 'v2' },
        { apiVersion: 'foo/v1' },
        { gracePeriodSeconds: 'x' },
        { gracePeriodSeconds: 1.5 },
        { dryRun: 'All' },
        { propagationPolicy: 1 },
        { preconditions: [] },
        { preconditions: { uid: 5 } },
        { foo: 1, dryRun: ['All'] },
      ].map((body) => remove(`${maps}/missing`, body)),
    ),
    ...(['json', 'merge', 'strategic'] as const).map((kind) =>
      one(
        `patch/bodies/${kind}`,
        ...['[', '{', '{"a":x}', 'x', '', '{}x', '[1]', '"s"', '5', 'null'].flatMap((body) => [
          patch(kind, `${maps}/missing`, body),
          patch(kind, `${scaled}?dryRun=All`, body, { mask: ['status'] }),
        ]),
      ),
    ),
    one(
      'patch/json',
      quiet(post(maps, { metadata: { name: 'jp-{run}' }, data: { a: '1' } })),
      patch('json', `${maps}/jp-{run}`, [
        { op: 'add', path: '/data/b', value: '2' },
        { op: 'test', path: '/data/a', value: '1' },
        { op: 'move', from: '/data/a', path: '/data/c' },
        { op: 'copy', from: '/data/c', path: '/data/d' },
      ]),
      patch('json', `${maps}/jp-{run}`, [{ op: 'test', path: '/data/a', value: '9' }]),
      patch('json', `${maps}/jp-{run}`, [{ op: 'remove', path: '/data/zzz' }]),
      patch('json', `${maps}/jp-{run}`, [{ op: 'replace', path: '/data/zzz', value: '1' }]),
      patch('json', `${maps}/jp-{run}`, [{ op: 'frob', path: '/data' }]),
      patch('json', `${maps}/jp-{run}`, [{ op: 'add', path: '/x/y/z', value: 1 }]),
      patch('json', `${maps}/jp-{run}`, {}),
      patch('json', `${maps}/jp-{run}`, '['),
      patch('json', `${maps}/jp-{run}`, []),
    ),
    one(
      'patch/merge',
      patch('merge', `${maps}/jp-{run}`, { data: { b: null, e: '5' } }),
      patch('merge', `${maps}/jp-{run}`, { data: { x: 1 } }),
      patch('merge', `${maps}/jp-{run}`, []),
      patch('merge', `${maps}/jp-{run}`, '{'),
      patch('merge', `${maps}/jp-{run}`, { kind: 'Secret' }),
      patch('merge', `${maps}/jp-{run}`, { apiVersion: 'v2' }),
      patch('merge', `${maps}/jp-{run}`, { metadata: { resourceVersion: '1' } }),
      patch('merge', `${maps}/jp-{run}`, { metadata: { namespace: 'other' } }),
      patch('merge', `${maps}/jp-{run}`, { metadata: null }),
      patch('merge', `${maps}/missing`, { data: {} }),
    ),
    one(
      'patch/strategic',
      patch(
        'strategic',
        `${scaled}?dryRun=All`,
        { spec: { template: { spec: { containers: [{ name: 'd', image: 'j' }] } } } },
        { mask: ['status', 'metadata.annotations', 'metadata.generation'] },
      ),
      patch('strategic', `${scaled}?dryRun=All`, { spec: { template: { spec: { containers: [{ name: 'c', $patch: 'delete' }] } } } }),
      patch('strategic', `${scaled}?dryRun=All`, { spec: { template: { spec: { containers: [{ image: 'x' }] } } } }),
      patch(
        'strategic',
        `${scaled}?dryRun=All`,
        { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } },
        { mask: ['status', 'metadata.annotations', 'metadata.generation'] },
      ),
      patch('strategic', `${scaled}?dryRun=All`, { spec: { replicas: 'x' } }),
      patch('strategic', `${scaled}?dryRun=All`, '{'),
      patch('strategic', `${scaled}?dryRun=All`, []),
    ),
    one(
      'update/identity',
      put(`${maps}/jp-{run}`, { metadata: { name: 'other' } }),
      put(`${maps}/jp-{run}`, { metadata: { name: 'jp-{run}', namespace: 'other' } }),
      put(`${maps}/jp-{run}`, { metadata: { name: 'jp-{run}', uid: 'x' } }),
      put(`${maps}/jp-{run}`, { metadata: { name: 'jp-{run}', resourceVersion: 'x' } }),
      put(`${maps}/jp-{run}`, { kind: 'Secret', apiVersion: 'v1', metadata: { name: 'jp-{run}' } }),
      put(`${maps}/jp-{run}`, { data: {} }),
      put(`${maps}/missing`, { metadata: { name: 'missing' } }),
      post(maps, { metadata: { name: 'x', resourceVersion: '5' } }),
    ),
    one(
      'generate-name',
      post(maps, { metadata: { generateName: 'gen-' } }),
      post(maps, { metadata: { generateName: 'Gen_' } }),
      post(maps, { metadata: { name: 'both-{run}', generateName: 'gen-' } }),
      post(`${core}/services`, { metadata: { generateName: '9-' }, spec: { ports: [{ port: 1 }] } }),
    ),
    ...['Orphan', 'Background', 'Foreground'].map((policy) =>
      one(
        `delete/${policy}`,
        quiet(post(deployments, { ...deployment, metadata: { name: `del-${policy.toLowerCase()}-{run}` } })),
        remove(`${deployments}/del-${policy.toLowerCase()}-{run}?propagationPolicy=${policy}`, undefined, {
          mask: ['status', 'metadata.annotations', 'metadata.generation'],
        }),
      ),
    ),
    one(
      'delete/orphan-dependents',
      quiet(post(maps, map('od-{run}'))),
      remove(`${maps}/od-{run}`, { orphanDependents: true, propagationPolicy: 'Orphan' }),
      remove(`${maps}/od-{run}`, { orphanDependents: false }),
    ),
    one(
      'delete/grace',
      quiet(post(`${core}/pods`, pod('grace-{run}', { finalizers: ['example.com/hold'] }))),
      remove(`${core}/pods/grace-{run}`, { gracePeriodSeconds: 7 }, podMask),
      remove(`${core}/pods/grace-{run}`, { gracePeriodSeconds: 3 }, podMask),
      remove(`${core}/pods/grace-{run}`, { gracePeriodSeconds: -1 }, podMask),
      get(`${core}/pods/grace-{run}`, podMask),
      patch('merge', `${core}/pods/grace-{run}`, { metadata: { finalizers: ['example.com/hold', 'example.com/more'] } }, podMask),
      patch('merge', `${core}/pods/grace-{run}`, { metadata: { finalizers: null } }, podMask),
      get(`${core}/pods/grace-{run}`),
    ),
    one(
      'delete/preconditions',
      quiet(post(maps, map('pre-{run}'))),
      remove(`${maps}/pre-{run}`, { preconditions: { resourceVersion: '1' } }),
      remove(`${maps}/pre-{run}`, { preconditions: { uid: 'x', resourceVersion: '1' } }),
      remove(`${maps}/pre-{run}`, { kind: 'DeleteOptions', apiVersion: 'v1', dryRun: ['All'] }),
      remove(`${maps}/pre-{run}`, { kind: 'DeleteOptions', apiVersion: 'v1', dryRun: ['Some'] }),
      remove(`${maps}/pre-{run}`),
    ),
    one(
      'delete-collection',
      quiet(post(maps, map('dc1-{run}', { dc: '{run}' }))),
      quiet(post(maps, map('dc2-{run}', { dc: '{run}' }))),
      remove(`${maps}?labelSelector=dc%3D{run}&dryRun=All`),
      remove(`${maps}?labelSelector=dc%3D{run}`),
      get(`${maps}?labelSelector=dc%3D{run}`),
      remove('/api/v1/namespaces'),
      remove(`${core}/services?labelSelector=x%3Dy`),
    ),
    one(
      'list/limit',
      quiet(post(maps, map('l1-{run}', { l: '{run}' }))),
      quiet(post(maps, map('l2-{run}', { l: '{run}' }))),
      quiet(post(maps, map('l3-{run}', { l: '{run}' }))),
      get(`${maps}?labelSelector=l%3D{run}&limit=1`),
      get(`${maps}?labelSelector=l%3D{run}&limit=3`),
      get(`/api/v1/configmaps?labelSelector=l%3D{run}&fieldSelector=metadata.name%3Dl2-{run}`),
    ),
    one(
      'watch',
      get(`${maps}?watch=1&labelSelector=l%3D{run}&timeoutSeconds=1`, { events: 3 }),
      get(`${maps}?watch=1&labelSelector=l%3D{run}&resourceVersion=0&timeoutSeconds=1`, { events: 3 }),
      get(
        `${maps}?watch=true&labelSelector=l%3D{run}&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1`,
        { events: 4 },
      ),
      get(`${maps}?watch=true&sendInitialEvents=true`, { events: 1 }),
      get(`${maps}?watch=true&sendInitialEvents=true&resourceVersionMatch=Exact&resourceVersion=5`, { events: 1 }),
      get(`${maps}?watch=1&resourceVersion=x`, { events: 1 }),
      get(`/api/v1/watch/namespaces/{ns}/configmaps/l1-{run}?timeoutSeconds=1`, { events: 1 }),
      get(`${maps}?watch=1&labelSelector=l%3D{run}&timeoutSeconds=1`, {
        events: 3,
        headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
      }),
    ),
    one(
      'pods/subresources',
      quiet(post(`${core}/pods`, pod('sub-{run}'))),
      get(`${core}/pods/sub-{run}/log`),
      get(`${core}/pods/missing/log`),
      post(`${core}/pods/sub-{run}/exec?command=x`, ''),
      post(`${core}/pods/sub-{run}/binding`, { target: {} }),
      post(`${core}/pods/sub-{run}/binding`, { target: { kind: 'Node', name: 'node-{run}' }, metadata: { name: 'sub-{run}' } }),
      post(`${core}/pods/sub-{run}/binding`, { target: { kind: 'Node', name: 'node-{run}' } }),
      post(`${core}/pods/missing/binding`, { target: { kind: 'Node', name: 'node-{run}' } }),
      patch(
        'strategic',
        `${core}/pods/sub-{run}/ephemeralcontainers`,
        { spec: { ephemeralContainers: [{ name: 'e', image: 'i' }] } },
        podMask,
      ),
      patch(
        'strategic',
        `${core}/pods/sub-{run}/resize`,
        { spec: { containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] } },
        podMask,
      ),
      post(`${core}/pods/sub-{run}/eviction`, { metadata: { name: 'sub-{run}' } }),
      post(`${core}/pods/missing/eviction`, { metadata: { name: 'missing' } }),
    ),
    one(
      'service-accounts/token',
      post(`${core}/serviceaccounts/default/token`, { spec: { audiences: ['x'], expirationSeconds: 600 } }, { mask: ['status.token'] }),
      post(`${core}/serviceaccounts/default/token`, { spec: { expirationSeconds: 5 } }),
      post(`${core}/serviceaccounts/missing/token`, {}),
    ),
    one(
      'warnings',
      post(`${core}/pods?dryRun=All`, {
        metadata: { name: 'warn', annotations: { 'seccomp.security.alpha.kubernetes.io/pod': 'x' } },
        spec: {
          nodeSelector: { 'beta.kubernetes.io/os': 'linux' },
          containers: [
            {
              name: 'c',
              image: 'i',
              env: [
                { name: 'A', value: '1' },
                { name: 'A', value: '2' },
              ],
              ports: [{ containerPort: 1, hostPort: 1 }],
            },
          ],
        },
      }),
      post(`${core}/endpoints?dryRun=All`, { metadata: { name: 'x' } }),
      get(`${core}/endpoints?labelSelector=zz`),
      get('/api/v1/componentstatuses?labelSelector=zz'),
    ),
  ];
}
