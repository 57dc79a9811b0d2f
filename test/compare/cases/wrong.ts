/** Requests that are wrong before any kind looks at them, and the modes of field validation. */
import { type Case, get, type Json, patch, post, put, type Step } from '../case.ts';

const maps = '/api/v1/namespaces/{ns}/configmaps';
const deployments = '/apis/apps/v1/namespaces/{ns}/deployments';
const map = (name: string, rest: Json = {}): Json => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...rest });
const one = (name: string, ...steps: Step[]): Case => ({ name, steps });
const yaml = { headers: { 'content-type': 'application/yaml' } };
const twice = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"twice-{run}","extra":1},"data":{"a":"1","a":"2"},"more":{}}';

export function wrongCases(): readonly Case[] {
  return [
    one('body/empty', post(maps, '')),
    one('body/not-json', post(maps, '{')),
    one('body/truncated', post(maps, '{"metadata":{"name":"x"')),
    one('body/array', post(maps, [])),
    one('body/string', post(maps, '"x"')),
    one('body/null', post(maps, 'null')),
    one('body/empty-object', post(maps, {})),
    one('body/no-kind', post(maps, { metadata: { name: 'nokind-{run}' } })),
    one('body/other-kind', post(maps, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' } })),
    one('body/other-version', post(maps, { apiVersion: 'v2', kind: 'ConfigMap', metadata: { name: 'x' } })),
    one('body/other-group', post(deployments, { apiVersion: 'apps/v1beta1', kind: 'Deployment', metadata: { name: 'x' } })),
    one('body/unknown-kind', post(maps, { apiVersion: 'x.example.com/v1', kind: 'Y', metadata: { name: 'x' } })),
    one('body/no-name', post(maps, { apiVersion: 'v1', kind: 'ConfigMap' })),
    one('body/wrong-type', post(maps, map('x', { data: [] }))),
    one(
      'body/wrong-type-deep',
      post(deployments, {
        metadata: { name: 'x' },
        spec: { replicas: '3', template: { spec: { containers: [{ ports: [{ containerPort: 'x' }] }] } } },
      }),
    ),
    one('body/wrong-bool', post(maps, map('x', { immutable: 'yes' }))),
    one('body/number-overflow', post(deployments, { metadata: { name: 'x' }, spec: { replicas: 99999999999 } })),
    one('body/fraction', post(deployments, { metadata: { name: 'x' }, spec: { replicas: 1.5 } })),
    one('body/time', post(maps, { metadata: { name: 'x', creationTimestamp: 'yesterday' } })),
    one('yaml/valid', post(maps, 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml-{run}\ndata:\n  a: "1"\n', yaml)),
    one(
      'yaml/repeated',
      ...['Strict', 'Warn', 'Ignore'].map((mode) =>
        post(`${maps}?dryRun=All&fieldValidation=${mode}`, 'metadata:\n  name: a\n  name: b-{run}\n  foo: 1\nbar: 2\nbar: 3\n', yaml),
      ),
    ),
    one('yaml/documents', post(`${maps}?dryRun=All`, '---\nmetadata:\n  name: first-{run}\n---\nmetadata:\n  name: second-{run}\n', yaml)),
    one('yaml/broken', post(maps, 'a: [\n', yaml)),
    one('yaml/number', post(maps, 'metadata: {name: x}\ndata: {a: 1}\n', yaml)),
    one('content-type/unknown', post(maps, map('x'), { headers: { 'content-type': 'text/plain' } })),
    one('content-type/charset', post(maps, map('charset-{run}'), { headers: { 'content-type': 'application/json; charset=utf-8' } })),
    one('content-type/patch', patch('json', `${maps}/x`, {}, { headers: { 'content-type': 'application/json' } })),
    one('accept/unknown', get(maps, { headers: { accept: 'text/html' } })),
    one(
      'accept/list',
      get(`${maps}/kube-root-ca.crt?x=y`, { headers: { accept: 'text/html, application/json;q=0.9' }, mask: ['data', 'metadata.labels'] }),
    ),
    one('accept/any', get(`${maps}/missing`, { headers: { accept: '*/*' } })),
    one('accept/yaml', get(`${maps}/missing`, { headers: { accept: 'application/yaml' } })),
    one('accept/table-of-wrong-version', get(maps, { headers: { accept: 'application/json;as=Table;v=v9;g=meta.k8s.io' } })),
    one(
      'accept/partial',
      get(`${maps}/yaml-{run}`, { headers: { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' } }),
    ),
    one(
      'accept/partial-list',
      get(`${maps}?fieldSelector=metadata.name%3Dyaml-{run}`, {
        headers: { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' },
      }),
    ),
    one(
      'accept/table-with-objects',
      get(`${maps}?fieldSelector=metadata.name%3Dyaml-{run}&includeObject=Object`, {
        headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
      }),
    ),
    one(
      'accept/table-with-metadata',
      get(`${maps}?fieldSelector=metadata.name%3Dyaml-{run}`, { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } }),
    ),
    one(
      'accept/table-bad-include',
      get(`${maps}?includeObject=Some`, { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } }),
    ),
    ...['Strict', 'Warn', 'Ignore', 'Loud'].flatMap((mode) => [
      one(`field-validation/${mode}`, post(`${maps}?fieldValidation=${mode}&dryRun=All`, twice)),
      one(
        `field-validation/${mode}/yaml`,
        post(`${maps}?fieldValidation=${mode}&dryRun=All`, 'metadata:\n  name: x\n  name: y\nextra: 1\n', yaml),
      ),
      one(`field-validation/${mode}/patch`, patch('merge', `${maps}/yaml-{run}?fieldValidation=${mode}&dryRun=All`, { extra: 1 })),
    ]),
    one('field-validation/default', post(`${maps}?dryRun=All`, twice)),
    one(
      'field-validation/deep',
      post(`${deployments}?dryRun=All&fieldValidation=Strict`, {
        metadata: { name: 'x' },
        spec: {
          foo: 1,
          selector: { matchLabels: { a: 'b' } },
          template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i', imagePullPolice: 'x' }] } },
        },
      }),
    ),
    one('url/unknown-resource', get('/api/v1/namespaces/{ns}/widgets'), get('/apis/apps/v1/widgets/x'), post('/api/v1/widgets', {})),
    one(
      'url/unknown-group',
      get('/apis/none.example.com'),
      get('/apis/none.example.com/v1'),
      get('/apis/apps/v9'),
      get('/apis/apps/v9/deployments'),
      get('/api/v2'),
    ),
    one('url/unknown-path', get('/nothing'), get('/'), get('/apis/'), get('/api/', { mask: ['serverAddressByClientCIDRs'] })),
    one(
      'url/unknown-subresource',
      get(`${maps}/yaml-{run}/status`),
      get('/api/v1/namespaces/{ns}/pods/x/nothing'),
      put(`${maps}/yaml-{run}/scale`, {}),
    ),
    one(
      'url/method',
      { method: 'PUT', path: maps, body: {} },
      { method: 'POST', path: `${maps}/x`, body: {} },
      { method: 'PATCH', path: maps, body: {} },
      { method: 'FOO', path: maps },
      { method: 'HEAD', path: `${maps}/x` },
      { method: 'OPTIONS', path: maps },
    ),
    one('url/no-namespace', post('/api/v1/configmaps', map('x')), get('/api/v1/configmaps/x')),
    one(
      'url/missing-namespace',
      post('/api/v1/namespaces/missing-{run}/configmaps', map('x')),
      get('/api/v1/namespaces/missing-{run}/configmaps'),
    ),
    one('url/cluster-in-namespace', get('/api/v1/namespaces/{ns}/nodes')),
    one('url/name', get(`${maps}/A%20b`), get(`${maps}/..`), get(`${maps}/x%2Fy`)),
    one('query/dry-run', post(`${maps}?dryRun=Some`, map('x')), post(`${maps}?dryRun=All&dryRun=All`, map('x'))),
    one('query/limit', get(`${maps}?limit=x`), get(`${maps}?limit=-1&labelSelector=none`)),
    one('query/bool', get(`${maps}?watch=maybe&timeoutSeconds=1&labelSelector=none`, { events: 1 })),
    one('query/continue', get(`${maps}?continue=nonsense`)),
    one(
      'query/resource-version',
      get(`${maps}?resourceVersion=x`),
      get(`${maps}/x?resourceVersion=y`),
      get(`${maps}?resourceVersionMatch=Exact`),
      get(`${maps}?resourceVersion=1&resourceVersionMatch=Sometimes`),
      get(`${maps}?resourceVersion=0&resourceVersionMatch=Exact`),
      get(`${maps}?resourceVersion=999999999`),
    ),
    one(
      'query/label-selector',
      ...['a=b,', 'a in (', '!', 'a in b', 'a b', '=x', 'a=b c', 'a>x', 'a==b,c!=d,!e,f,g notin (h)', 'A/B/C=d'].map((text) =>
        get(`${maps}?labelSelector=${encodeURIComponent(text)}`, { mask: ['items'] }),
      ),
    ),
    one(
      'query/field-selector',
      ...['a=b', 'metadata.name', 'metadata.name!=x,metadata.namespace=y', 'metadata.name=a=b', ',', 'metadata.name=\\'].map((text) =>
        get(`${maps}?fieldSelector=${encodeURIComponent(text)}`, { mask: ['items'] }),
      ),
    ),
    one(
      'query/pod-field-selector',
      ...[
        'status.phase=Pending',
        'spec.nodeName=x',
        'spec.restartPolicy!=Always',
        'status.podIP=',
        'spec.foo=1',
        'spec.hostNetwork=true',
      ].map((text) => get(`/api/v1/namespaces/{ns}/pods?fieldSelector=${encodeURIComponent(text)}`, { mask: ['items'] })),
    ),
    one('query/field-manager', post(`${maps}?fieldManager=${'x'.repeat(200)}`, map('x'))),
    one(
      'query/propagation',
      { method: 'DELETE', path: `${maps}/x?propagationPolicy=Sometimes` },
      { method: 'DELETE', path: `${maps}/x?gracePeriodSeconds=x` },
      { method: 'DELETE', path: `${maps}/x`, body: { propagationPolicy: 'x' } },
      { method: 'DELETE', path: `${maps}/x`, body: { kind: 'Pod', apiVersion: 'v1' } },
      { method: 'DELETE', path: `${maps}/x`, body: '{' },
    ),
    one(
      'who/anonymous',
      get(maps, { as: 'none' }),
      get('/version', { as: 'none', mask: ['*'] }),
      get('/api', { as: 'none' }),
      get('/healthz', { as: 'none' }),
      post(maps, map('x'), { as: 'none' }),
    ),
    one('who/bad-token', get(maps, { as: 'nonsense' }), get('/version', { as: 'nonsense' })),
    one('who/basic', get(maps, { as: 'none', headers: { authorization: 'Basic eDp5' } })),
  ];
}
