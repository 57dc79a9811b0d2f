/** Server-side apply: what it merges, takes away, refuses and hands over. */
import { apply, type Case, get, patch, post, put, quiet, remove } from '../case.ts';
import { as, container, core, deployment, deployments, map, maps, one, pod, pods, scalers, service, services } from './field-owners.ts';

export function applyCases(): readonly Case[] {
  const at = `${maps}/a-{run}`;
  const dep = `${deployments}/a-{run}`;
  return [
    one(
      'a config map',
      apply('one', at, map('a-{run}', { data: { a: '1', b: '2' } }, { labels: { l: '1' } })),
      apply('one', at, map('a-{run}', { data: { a: '1', b: '2' } }, { labels: { l: '1' } })),
      apply('one', at, map('a-{run}', { data: { a: '1' } })),
      apply('two', at, map('a-{run}', { data: { c: '3' } })),
      apply('two', at, map('a-{run}', { data: { a: '9' } })),
      apply('two', at, map('a-{run}', { data: { a: '9', c: '3' } }), { query: '&force=true' }),
      apply('one', at, map('a-{run}', { data: { a: '1' } })),
      apply('three', at, map('a-{run}', { data: { a: '9' } })),
      apply('two', at, map('a-{run}')),
      apply('three', at, map('a-{run}')),
      apply('one', at, map('a-{run}', { data: { q: '1' } }), { query: '&dryRun=All' }),
      get(at),
      patch('merge', at, { data: { u: '1', a: 'u' } }, as('user')),
      apply('one', at, map('a-{run}', { data: { u: '2', a: '2' } })),
      apply('one', at, map('a-{run}', { data: { u: '2', a: '2' } }), { query: '&force=true' }),
      apply('one', at, map('a-{run}', { data: {} })),
    ),
    one(
      'what is refused',
      apply('m', `${maps}/r-{run}`, '[]'),
      apply('m', `${maps}/r-{run}`, ''),
      apply('m', `${maps}/r-{run}`, map('r-{run}', { bogus: 1 })),
      apply('m', `${maps}/r-{run}`, map('r-{run}', { data: { a: 1 } })),
      apply('m', `${maps}/r-{run}`, map('r-{run}', { data: ['a'] })),
      apply('m', `${maps}/r-{run}`, { apiVersion: 'v2', kind: 'ConfigMap', metadata: { name: 'r-{run}' } }),
      apply('m', `${maps}/r-{run}`, { metadata: { name: 'r-{run}' } }),
      apply('m', `${maps}/r-{run}`, map('other')),
      apply('m', `${maps}/r-{run}`, { apiVersion: 'v1', kind: 'ConfigMap' }),
      apply('m', `${maps}/r-{run}`, map('r-{run}', {}, { managedFields: [] })),
      apply('m', `${maps}/r-{run}`, map('r-{run}', {}, { uid: 'abc' })),
      apply('m', `${maps}/r-{run}`, map('r-{run}', {}, { namespace: 'other' })),
      apply('m', `${maps}/r-{run}`, map('r-{run}', { binaryData: { a: '***' } })),
      apply('m', `${maps}/r-{run}`, map('r-{run}', { data: { 'a b': 'x' } })),
      apply('m', `${maps}/r-{run}`, map('r-{run}', {}, { resourceVersion: '1' }), { mask: ['message'] }),
      apply('m', `${deployments}/r-{run}`, deployment('r-{run}', { replicas: 'x' })),
      apply('m', `${deployments}/r-{run}`, deployment('r-{run}', {}, [container('c', { env: [{ name: 'a' }, { name: 'a' }] })])),
      apply('m', `${deployments}/r-{run}`, deployment('r-{run}', {}, [{ image: 'x' }])),
      apply('m', `${deployments}/r-{run}/status`, deployment('r-{run}')),
      apply('m', `${maps}/r-{run}`, 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: r-{run}\ndata:\n  a: "1"\n  a: "2"\n', {
        query: '&fieldValidation=Strict',
      }),
      apply('m', `${maps}/r-{run}`, 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: r-{run}\ndata:\n  a: "1"\n  a: "2"\n'),
      apply('m', `${maps}/r-{run}`, 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: r-{run}\n# nothing\ndata: {b: "1", b: "3"}\n', {
        query: '&fieldValidation=Ignore',
      }),
      apply('m', `${maps}/r-{run}`, map('r-{run}', { data: { b: '4' } }, { resourceVersion: '1' }), { mask: ['message'] }),
    ),
    one(
      'a deployment',
      apply(
        'one',
        dep,
        deployment('a-{run}', { replicas: 0 }, [container('web', { ports: [{ containerPort: 80 }], env: [{ name: 'A', value: '1' }] })]),
      ),
      apply('two', dep, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a-{run}' }, spec: { replicas: 1 } }),
      apply(
        'two',
        dep,
        { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a-{run}' }, spec: { replicas: 1 } },
        { query: '&force=true' },
      ),
      apply('two', dep, {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'a-{run}' },
        spec: { template: { spec: { containers: [{ name: 'side', image: 'side:1' }] } } },
      }),
      apply(
        'one',
        dep,
        deployment('a-{run}', {}, [
          container('web', { ports: [{ containerPort: 80, name: 'http' }, { containerPort: 81 }], env: [{ name: 'B', value: '2' }] }),
        ]),
      ),
      apply(
        'three',
        dep,
        deployment('a-{run}', {}, [container('web', { image: 'other', env: [{ name: 'B', value: '3' }] }), container('side')]),
      ),
      patch('strategic', dep, { spec: { template: { spec: { containers: [{ name: 'web', image: 'patched' }] } } } }, as('kubectl-set')),
      apply('one', dep, deployment('a-{run}', {}, [container('web')])),
      apply('one', dep, deployment('a-{run}', {}, [container('web')]), { query: '&force=true' }),
      apply('two', dep, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a-{run}' } }),
      apply(
        'ctl',
        `${dep}/status`,
        {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'a-{run}', labels: { x: 'y' } },
          spec: { replicas: 7 },
          status: { replicas: 3, conditions: [{ type: 'A', status: 'True' }] },
        },
        { mask: ['status.conditions'] },
      ),
      apply(
        'ctl',
        `${dep}/status`,
        {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'a-{run}' },
          status: { conditions: [{ type: 'B', status: 'True' }] },
        },
        { mask: ['status.conditions'] },
      ),
      apply('other', `${dep}/status`, {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'a-{run}' },
        status: { conditions: [{ type: 'B', status: 'False' }] },
      }),
      apply('one', dep, deployment('a-{run}', { strategy: { type: 'Recreate' } }, [container('web')])),
      apply(
        'one',
        dep,
        deployment('a-{run}', { strategy: { type: 'Recreate', rollingUpdate: null } }, [
          container('web', { resources: { limits: { cpu: '1000m' } } }),
        ]),
      ),
      apply('one', dep, deployment('a-{run}', {}, [container('web', { resources: { limits: { cpu: '1' } } })])),
    ),
    one(
      'scales',
      quiet(post(deployments, deployment('s-{run}', { replicas: 1 }), as('creator'))),
      put(`${deployments}/s-{run}/scale`, { metadata: { name: 's-{run}' }, spec: { replicas: 1 } }, as('scaler')),
      get(`${deployments}/s-{run}`),
      put(`${deployments}/s-{run}/scale`, { metadata: { name: 's-{run}' }, spec: { replicas: 2 } }, as('scaler')),
      get(`${deployments}/s-{run}`),
      patch('merge', `${deployments}/s-{run}/scale`, { spec: { replicas: 3 } }, as('scaler')),
      get(`${deployments}/s-{run}`),
      apply('one', `${deployments}/s-{run}`, deployment('s-{run}', { replicas: 4 })),
      apply('one', `${deployments}/s-{run}`, deployment('s-{run}', { replicas: 4 }), { query: '&force=true' }),
      apply('sc', `${deployments}/s-{run}/scale`, {
        apiVersion: 'autoscaling/v1',
        kind: 'Scale',
        metadata: { name: 's-{run}', namespace: '{ns}' },
        spec: { replicas: 5 },
      }),
      apply(
        'sc',
        `${deployments}/s-{run}/scale`,
        { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 's-{run}', namespace: '{ns}' }, spec: { replicas: 5 } },
        { query: '&force=true' },
      ),
      get(`${deployments}/s-{run}`),
      apply('one', `${deployments}/s-{run}`, deployment('s-{run}')),
      put(`${deployments}/s-{run}/scale`, { metadata: { name: 's-{run}' }, spec: { replicas: 6 } }, as('scaler')),
      get(`${deployments}/s-{run}`),
    ),
    one(
      'lists and maps',
      apply(
        'one',
        `${services}/l-{run}`,
        service('l-{run}', {
          clusterIP: 'None',
          ports: [
            { port: 80, name: 'a' },
            { port: 80, protocol: 'UDP', name: 'b' },
          ],
          selector: { a: 'b' },
        }),
      ),
      apply('two', `${services}/l-{run}`, service('l-{run}', { selector: { c: 'd' }, ports: [{ port: 90, name: 'c' }] })),
      apply(
        'two',
        `${services}/l-{run}`,
        service('l-{run}', {
          ports: [
            { port: 90, name: 'c', targetPort: 'x' },
            { port: 80, name: 'a' },
          ],
        }),
      ),
      apply('one', `${services}/l-{run}`, service('l-{run}', { clusterIP: 'None', ports: [{ port: 80, protocol: 'UDP', name: 'b' }] })),
      apply(
        'mix',
        dep,
        deployment(
          'a-{run}',
          {},
          ['one', 'two', 'three'].map((name) => container(name)),
        ),
      ),
      apply(
        'mix',
        dep,
        deployment(
          'a-{run}',
          {},
          ['two', 'one'].map((name) => container(name)),
        ),
      ),
      apply('max', dep, {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'a-{run}' },
        spec: { template: { spec: { containers: [container('four'), container('one')] } } },
      }),
      apply(
        'mix',
        dep,
        deployment(
          'a-{run}',
          {},
          ['five', 'one', 'two'].map((name) => container(name)),
        ),
      ),
      apply('one', `${core}/serviceaccounts/l-{run}`, {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 'l-{run}', finalizers: ['a.b/c'] },
        imagePullSecrets: [{ name: 'a' }],
        secrets: [{ name: 's' }],
      }),
      apply('two', `${core}/serviceaccounts/l-{run}`, {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 'l-{run}', finalizers: ['d.e/f', 'a.b/c'] },
        imagePullSecrets: [{ name: 'b' }, { name: 'a' }],
      }),
      apply('one', `${core}/serviceaccounts/l-{run}`, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'l-{run}' } }),
      apply('two', `${core}/serviceaccounts/l-{run}`, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'l-{run}' } }),
      apply('one', `${pods}/l-{run}`, pod('l-{run}', { tolerations: [{ key: 'a', operator: 'Exists' }] }), { mask: ['status'] }),
      apply('two', `${pods}/l-{run}`, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'l-{run}' },
        spec: { tolerations: [{ key: 'b', operator: 'Exists' }] },
      }),
      remove(`${pods}/l-{run}?gracePeriodSeconds=0`, undefined, { quiet: true }),
    ),
    one(
      'versions',
      quiet(
        post(
          scalers('v2'),
          {
            metadata: { name: 'v-{run}' },
            spec: {
              maxReplicas: 3,
              scaleTargetRef: { kind: 'Deployment', name: 'x', apiVersion: 'apps/v1' },
              metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }],
            },
          },
          as('creator'),
        ),
      ),
      get(`${scalers('v2')}/v-{run}`),
      apply('one', `${scalers('v1')}/v-{run}`, {
        apiVersion: 'autoscaling/v1',
        kind: 'HorizontalPodAutoscaler',
        metadata: { name: 'v-{run}' },
        spec: { maxReplicas: 5 },
      }),
      apply(
        'one',
        `${scalers('v1')}/v-{run}`,
        {
          apiVersion: 'autoscaling/v1',
          kind: 'HorizontalPodAutoscaler',
          metadata: { name: 'v-{run}' },
          spec: { maxReplicas: 5, minReplicas: 2 },
        },
        { query: '&force=true' },
      ),
      patch('merge', `${scalers('v2')}/v-{run}`, { spec: { minReplicas: 3 } }, as('patcher')),
      apply('one', `${scalers('v2')}/v-{run}`, {
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata: { name: 'v-{run}' },
        spec: { maxReplicas: 5 },
      }),
      patch('merge', `${scalers('v1')}/v-{run}`, { spec: { maxReplicas: 7 } }, as('patcher')),
    ),
    one(
      'kubectl goes over',
      post(
        `${maps}?fieldManager=kubectl-client-side-apply`,
        map(
          'g-{run}',
          { data: { a: '1', b: '1' } },
          {
            annotations: {
              'kubectl.kubernetes.io/last-applied-configuration':
                '{"apiVersion":"v1","data":{"a":"1","b":"1"},"kind":"ConfigMap","metadata":{"annotations":{},"name":"g-{run}"}}\n',
            },
          },
        ),
      ),
      apply('kubectl', `${maps}/g-{run}`, map('g-{run}', { data: { a: '2' } })),
      patch('strategic', `${maps}/g-{run}?fieldManager=kubectl-edit`, { data: { a: '3' } }),
      apply('kubectl', `${maps}/g-{run}`, map('g-{run}', { data: { a: '4' } }, { annotations: { x: '<y>&' } })),
      apply('kubectl', `${maps}/g-{run}`, map('g-{run}', { data: { a: '4' } }, { annotations: { x: '<y>&' } }), { query: '&force=true' }),
      patch('strategic', `${maps}/g-{run}?fieldManager=kubectl-label`, { metadata: { labels: { l: '1' } } }),
      patch('merge', `${maps}/g-{run}?fieldManager=kubectl-annotate`, { metadata: { annotations: { n: '1' } } }),
      apply('other', `${maps}/g-{run}`, map('g-{run}', { data: { a: '5' } }, { labels: { l: '2' } }), { mask: ['details.causes'] }),
    ),
  ];
}
