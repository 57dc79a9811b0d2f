/** Each kind in every form an answer can have, and what servers make of Accept and Content-Type. */
import { type Case, get, patch, post, put, quiet, remove, type Step } from '../case.ts';
import { collectionPath, type KindSample, named, samples } from './samples.ts';

const one = (name: string, ...steps: Step[]): Case => ({ name, steps });
const accepting = (accept: string): { readonly headers: Readonly<Record<string, string>> } => ({ headers: { accept } });
const protobuf = 'application/vnd.kubernetes.protobuf';
const inProtobuf = accepting(protobuf);
const bodyInProtobuf = { headers: { accept: protobuf, 'content-type': protobuf } };
const as = (kind: string, encoding = 'application/json', version = 'v1'): string => `${encoding};as=${kind};v=${version};g=meta.k8s.io`;
const maps = '/api/v1/namespaces/{ns}/configmaps';

export function contentCases(): readonly Case[] {
  return [...samples.map(kindCase), ...negotiationCases(), ...documentCases()];
}

/** Watches begin with the object as it is: one event. */
function kindCase(sample: KindSample): Case {
  const base = collectionPath(sample);
  const object = named(sample, sample.full ?? sample.minimal, 'content');
  const path = `${base}/${object.metadata.name}`;
  const mask = sample.mask ?? [];
  const below = (prefix: string): readonly string[] => mask.map((field) => `${prefix}${field}`);
  const selected = `${base}?fieldSelector=metadata.name%3D${encodeURIComponent(object.metadata.name).replaceAll('%7B', '{').replaceAll('%7D', '}')}`;
  const watched = `${selected}&watch=1&timeoutSeconds=2`;
  const rows = { mask: [...(sample.tableMask ?? []), ...below('rows.*.object.')] };
  return one(
    `content/${sample.label ?? sample.resource}`,
    post(base, object, { ...bodyInProtobuf, mask }),
    get(path, { ...inProtobuf, mask }),
    get(selected, { ...inProtobuf, mask: below('items.*.') }),
    get(selected, { ...accepting('application/yaml'), mask: below('items.*.') }),
    get(selected, { ...accepting(as('PartialObjectMetadataList', protobuf)), mask: below('items.*.') }),
    get(path, { ...accepting(as('PartialObjectMetadata')), mask }),
    get(`${path}?includeObject=Object`, { ...accepting(as('Table')), ...rows }),
    get(selected, { ...accepting(as('Table', 'application/json', 'v1beta1')), ...rows }),
    get(watched, { ...inProtobuf, events: 1, mask: below('object.') }),
    get(watched, { ...accepting(as('PartialObjectMetadata', protobuf)), events: 1, mask: below('object.') }),
    get(`${watched}&includeObject=None`, { ...accepting(as('Table')), events: 1, mask: rows.mask.map((field) => `object.${field}`) }),
    patch('merge', path, { metadata: { labels: { form: 'protobuf' } } }, { ...inProtobuf, mask }),
    remove(`${path}?gracePeriodSeconds=0`, undefined, { ...inProtobuf, mask }),
    get(path, inProtobuf),
  );
}

const accepts: readonly string[] = [
  '',
  '*',
  '*/*',
  'application/*',
  'text/html',
  'application/cbor',
  'Application/JSON',
  'application/json;q=0,application/yaml;q=0.5',
  'application/json;q=0.1,application/yaml;q=x',
  'application/yaml,*/*',
  '*/*,application/yaml;q=0.9',
  `${protobuf};q=0.5,application/json`,
  `text/html,${protobuf}`,
  'application/json;pretty=1',
  'application/json;stream=watch',
  'application/json;stream=other',
  'application/json;sv=v1',
  'application/json;sv=v2',
  'application/json;v=v1',
  'application/json;export=1;x=y',
  as('Table'),
  as('Table', 'application/yaml'),
  as('Table', protobuf),
  as('Table', 'application/json', 'v9'),
  `${as('Table', protobuf)},application/json`,
  `${as('Table', 'application/json', 'v1beta1')},application/json`,
  as('PartialObjectMetadata'),
  as('PartialObjectMetadataList'),
  as('PartialObjectMetadata', protobuf),
  as('PartialObjectMetadataList', 'application/yaml'),
  as('Nonsense'),
  'application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io',
];

const typesOfBodies: readonly string[] = [
  'application/json; charset=utf-8',
  'application/json; charset',
  'Application/JSON',
  'application/cbor',
  'application/apply-patch+yaml',
  'text/plain',
  'application/json,application/yaml',
  '',
];

function negotiationCases(): readonly Case[] {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'form-{run}' }, data: { a: '1' } };
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: 'x' } };
  const reviews = '/apis/authentication.k8s.io/v1/tokenreviews';
  return [
    one('content/prepare', quiet(post(maps, object))),
    ...accepts.map((accept) =>
      one(
        `content/accept ${accept}`,
        get(`${maps}/form-{run}`, accepting(accept)),
        get(`${maps}?fieldSelector=metadata.name%3Dform-{run}`, accepting(accept)),
        get(`${maps}?fieldSelector=metadata.name%3Dmissing-{run}`, accepting(accept)),
        get(`${maps}?fieldSelector=metadata.name%3Dform-{run}&watch=1&timeoutSeconds=1`, { ...accepting(accept), events: 1 }),
        get(`${maps}/missing`, accepting(accept)),
        get(`${maps}?limit=x`, accepting(accept)),
        get('/api/v1/namespaces/{ns}/nothings', accepting(accept)),
        post(reviews, review, accepting(accept)),
        get('/api/v1', { ...accepting(accept), mask: ['resources'] }),
        get('/version', { ...accepting(accept), mask: ['*'] }),
        get('/nothing', accepting(accept)),
      ),
    ),
    ...typesOfBodies.map((type) =>
      one(
        `content/type ${type}`,
        post(`${maps}?dryRun=All`, { ...object, metadata: { name: 'typed' } }, { headers: { 'content-type': type } }),
        put(`${maps}/form-{run}?dryRun=All`, object, { headers: { 'content-type': type } }),
        { method: 'PATCH', path: `${maps}/form-{run}?dryRun=All`, body: { data: { b: '2' } }, headers: { 'content-type': type } },
        remove(`${maps}/form-{run}?dryRun=All`, { kind: 'DeleteOptions', apiVersion: 'v1' }, { headers: { 'content-type': type } }),
      ),
    ),
    one(
      'content/protobuf bodies',
      put(`${maps}/form-{run}`, { ...object, data: { a: '2' } }, bodyInProtobuf),
      post(maps, object, bodyInProtobuf),
      post(maps, 'no protobuf', bodyInProtobuf),
      post(maps, 'k8s\u0000\u00ff', bodyInProtobuf),
      post(reviews, review, bodyInProtobuf),
      remove(`${maps}/form-{run}?dryRun=All`, { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' }, bodyInProtobuf),
      remove(`${maps}?dryRun=All&labelSelector=none%3D{run}`, { apiVersion: 'v1', kind: 'DeleteOptions' }, bodyInProtobuf),
    ),
    one(
      'content/pretty',
      get(`${maps}/form-{run}?pretty=true`),
      get(`${maps}/form-{run}?pretty=0`, { headers: { 'user-agent': 'curl/8' } }),
      get(`${maps}/form-{run}?pretty=x`, { headers: { 'user-agent': 'curl/8' } }),
      get(`${maps}/missing`, { headers: { 'user-agent': 'Mozilla/5.0' } }),
    ),
    one(
      'content/gzip',
      quiet(post(maps, { metadata: { name: 'large-{run}' }, data: { a: 'abcdefgh'.repeat(20_000) } })),
      ...['gzip', 'gzip;q=1', 'deflate, gzip', 'br', 'x-gzip'].map((encoding) =>
        get(`${maps}/large-{run}`, { headers: { 'accept-encoding': encoding } }),
      ),
      get(`${maps}/form-{run}`, { headers: { 'accept-encoding': 'gzip' } }),
      quiet(remove(`${maps}/large-{run}`)),
    ),
  ];
}

function documentCases(): readonly Case[] {
  const aggregated = (version: string, encoding: string): Step['headers'] => ({
    accept: `${encoding};g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
  });
  const forms = ['application/json', 'application/yaml', protobuf];
  return [
    one(
      'documents/discovery in every form',
      ...forms.flatMap((accept) => [
        get('/api', { ...accepting(accept), mask: ['serverAddressByClientCIDRs'] }),
        get('/api/v1', accepting(accept)),
        get('/apis', accepting(accept)),
        get('/apis/apps', accepting(accept)),
        get('/apis/apps/v1', accepting(accept)),
      ]),
    ),
    one(
      'documents/aggregated in every form',
      ...forms.flatMap((accept) => [
        get('/api', { headers: aggregated('v2', accept) }),
        get('/apis', { headers: aggregated('v2', accept) }),
        get('/api', { headers: aggregated('v2beta1', accept) }),
        get('/api', { headers: aggregated('v3', accept) }),
        get('/apis/apps', { headers: aggregated('v2', accept) }),
      ]),
    ),
    one(
      'documents/methods',
      ...['/version', '/api', '/apis', '/apis/apps/v1', '/openid/v1/jwks', '/nothing'].map((path): Step => ({ method: 'POST', path })),
    ),
    one(
      'documents/openapi',
      get('/openapi/v2', { ...accepting('application/json'), mask: ['*'] }),
      get('/openapi/v2', accepting('text/html')),
      get('/openapi/v2', { ...accepting('application/com.github.proto-openapi.spec.v2@v1.0+protobuf') }),
      get('/openapi/v2', { ...accepting('application/com.github.proto-openapi.spec.v2.v1.0+protobuf') }),
      get('/openapi/v3', { mask: ['paths'] }),
      get('/openapi/v3/api/v1', { ...accepting('application/json'), mask: ['*'] }),
      get('/openapi/v3/api/v1', accepting('text/html')),
      get('/openapi/v3/nothing/v1'),
      get('/openapi/v3/api/v1', { ...accepting('application/com.github.proto-openapi.spec.v3@v1.0+protobuf') }),
    ),
    ...[...new Set(samples.map(({ apiVersion }) => apiVersion))].map((version) =>
      one(
        `documents/resources of ${version}`,
        get(version === 'v1' ? '/api/v1' : `/apis/${version}`),
        get(version === 'v1' ? '/api/v1' : `/apis/${version}`, inProtobuf),
      ),
    ),
    one('documents/keys', get('/openid/v1/jwks', { mask: ['keys'] }), get('/.well-known/openid-configuration', { mask: ['*'] })),
  ];
}
