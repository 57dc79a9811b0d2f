/** Every verb of a kind and of its subresources with every option it may be given, right and wrong, and the verbs it has not. */
import { resourceFacts, type ResourceFacts } from '../../../src/api/schema/resources.ts';
import { apply, type Case, get, type Json, patch, post, put, remove, type Step } from '../case.ts';
import { collectionPath, type KindSample, type Named, named } from '../cases/samples.ts';
import { collectionOptions, deleteOptions } from './deletes.ts';
import { listOptions, readOptions, watchOptions } from './reads.ts';
import { accepts, bodyTypes, one, protobuf, type Subject } from './subject.ts';

const patchTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
  'application/apply-patch+cbor',
  'application/json',
];
const writeQueries = [
  'dryRun=All',
  'dryRun=all',
  'dryRun=All&dryRun=All',
  'dryRun=',
  'dryRun=All&pretty=true',
  'dryRun=All&fieldManager=hole',
  'dryRun=All&fieldManager=a%20b',
  'dryRun=All&fieldManager=a%01b',
  `dryRun=All&fieldManager=${'x'.repeat(129)}`,
  'dryRun=All&fieldValidation=Strict',
  'dryRun=All&fieldValidation=Warn',
  'dryRun=All&fieldValidation=Ignore',
  'dryRun=All&fieldValidation=strict',
  'dryRun=All&force=true',
  'dryRun=All&timeout=5s',
  'dryRun=All&timeout=x',
  'dryRun=All&unheard=of',
];
const unknownFields: Json = { bogus: 1, spec: { bogus: 2 } };

export function optionCases(sample: KindSample, object: Named): readonly Case[] {
  const [group = '', version = ''] = sample.apiVersion.includes('/') ? sample.apiVersion.split('/') : ['', sample.apiVersion];
  const facts = resourceFacts(group, version, sample.resource);
  if (facts === undefined) throw new Error(`${sample.apiVersion} ${sample.resource} is not served`);
  const base = collectionPath(sample);
  const mask = sample.mask ?? [];
  const subject: Subject = {
    label: sample.label ?? sample.resource,
    sample,
    base,
    path: `${base}/${object.metadata.name}`,
    object,
    mask,
    itemMask: mask.map((field) => `items.*.${field}`),
    rowMask: sample.tableMask ?? [],
  };
  return [
    ...readOptions(subject),
    ...(facts.verbs.includes('list') ? listOptions(subject) : []),
    ...(facts.verbs.includes('watch') ? watchOptions(subject) : []),
    ...createOptions(subject),
    ...updateOptions(subject),
    ...patchOptions(subject),
    ...deleteOptions(subject),
    ...(facts.verbs.includes('list') ? collectionOptions(subject) : []),
    ...wrongVerbs(subject),
    ...subresourceOptions(subject, facts),
  ];
}

function createOptions(subject: Subject): Case[] {
  const { base, sample, mask, rowMask } = subject;
  const body = sample.full ?? sample.minimal;
  const fresh = named(sample, body, 'option');
  const { metadata, ...rest } = fresh;
  const create = (change: Json, query = 'dryRun=All'): Step => post(`${base}?${query}`, { ...fresh, ...change }, { mask });
  const { name: _name, ...nameless } = metadata;
  return [
    one(
      subject,
      'create/options',
      writeQueries
        .filter((query) => query.includes('All'))
        .map((query) => post(`${base}?${query}`, { ...fresh, ...(query.includes('Validation') ? { bogus: 1 } : {}) }, { mask })),
    ),
    one(
      subject,
      'create/wrong-dry-run',
      writeQueries
        .filter((query) => !query.includes('All') && query !== 'dryRun=')
        .map((query) => post(`${base}?${query}`, fresh, { mask })),
    ),
    one(
      subject,
      'create/type',
      bodyTypes.map((type) => post(`${base}?dryRun=All`, fresh, { headers: { 'content-type': type }, mask })),
    ),
    one(
      subject,
      'create/accept',
      accepts.map((accept) => post(`${base}?dryRun=All`, fresh, { headers: { accept }, mask: [...mask, ...rowMask] })),
    ),
    one(subject, 'create/identity', [
      create({ apiVersion: undefined, kind: undefined }),
      create({ kind: 'Bogus' }),
      create({ apiVersion: 'bogus/v1' }),
      create({ metadata: undefined }),
      create({ metadata: nameless }),
      create({ metadata: { ...nameless, generateName: 'gen-' } }),
      create({ metadata: { ...metadata, namespace: 'other' } }),
      create({ metadata: { ...metadata, resourceVersion: '1' } }),
      create({ metadata: { ...metadata, deletionTimestamp: '2020-01-01T00:00:00Z' } }),
      create({ metadata: { ...metadata, uid: 'x', generation: 7, selfLink: '/x', creationTimestamp: '2020-01-01T00:00:00Z' } }),
      create(unknownFields, 'dryRun=All&fieldValidation=Strict'),
      create({ status: { bogus: 1 } }, 'dryRun=All&fieldValidation=Strict'),
      post(`${base}?dryRun=All`, rest, { mask }),
      post(`${base}?dryRun=All`, [fresh], { mask }),
      post(`${base}?dryRun=All`, `${JSON.stringify(fresh)}{}`, { mask }),
      post(`${base}?dryRun=All`, JSON.stringify(fresh).replace('{', '{"kind":"x",'), { mask }),
      post(`${base}?dryRun=All`, undefined, { mask }),
    ]),
    one(subject, 'create/elsewhere', [
      post(`${base.replace('/namespaces/{ns}', '')}?dryRun=All`, fresh, { mask }),
      post(`${base.replace('{ns}', 'missing-{run}')}?dryRun=All`, named(sample, body, 'away'), { mask }),
      post(`${base.replace('{ns}', 'A b').replace(' ', '%20')}?dryRun=All`, named(sample, body, 'away'), { mask }),
    ]),
  ];
}

function updateOptions(subject: Subject): Case[] {
  const { path, object, mask } = subject;
  const { metadata } = object;
  const update = (change: Json): Step => put(`${path}?dryRun=All`, { ...object, ...change }, { mask });
  return [
    one(
      subject,
      'update/options',
      writeQueries
        .filter((query) => query !== 'dryRun=')
        .map((query) => put(`${path}?${query}`, { ...object, ...(query.includes('Validation') ? { bogus: 1 } : {}) }, { mask })),
    ),
    one(
      subject,
      'update/type',
      bodyTypes.map((type) => put(`${path}?dryRun=All`, object, { headers: { 'content-type': type }, mask })),
    ),
    one(
      subject,
      'update/accept',
      accepts.map((accept) => put(`${path}?dryRun=All`, object, { headers: { accept }, mask: [...mask, ...subject.rowMask] })),
    ),
    one(subject, 'update/identity', [
      update({}),
      update({ apiVersion: undefined, kind: undefined }),
      update({ kind: 'Bogus' }),
      update({ metadata: undefined }),
      update({ metadata: { ...metadata, name: 'other' } }),
      update({ metadata: { ...metadata, name: undefined } }),
      update({ metadata: { ...metadata, namespace: 'other' } }),
      update({ metadata: { ...metadata, resourceVersion: '1' } }),
      update({ metadata: { ...metadata, resourceVersion: 'x' } }),
      update({ metadata: { ...metadata, resourceVersion: '0' } }),
      update({ metadata: { ...metadata, uid: 'x' } }),
      update({ metadata: { ...metadata, finalizers: ['a.b/c'], deletionTimestamp: '2020-01-01T00:00:00Z' } }),
      update({ metadata: { ...metadata, managedFields: [] } }),
      put(`${path}-none?dryRun=All`, { ...object, metadata: { ...metadata, name: `${metadata.name}-none` } }, { mask }),
      put(
        `${path}-none?dryRun=All`,
        { ...object, metadata: { ...metadata, name: `${metadata.name}-none`, resourceVersion: '1' } },
        { mask },
      ),
      put(`${path}-none?dryRun=All`, { ...object, metadata: { ...metadata, name: `${metadata.name}-none`, uid: 'x' } }, { mask }),
    ]),
  ];
}

function patchOptions(subject: Subject): Case[] {
  const { path, object, mask } = subject;
  const label = { metadata: { labels: { hole: 'yes' } } };
  const strange = { metadata: { labels: { hole: 'yes' }, bogus: 1 }, bogus: { a: 1 } };
  /** Go reads maps in any order and stops at the first name it does not know. */
  const strangeOnce = { metadata: { labels: { hole: 'yes' } }, bogus: { a: 1 } };
  const operations = [{ op: 'add', path: '/metadata/labels/hole', value: 'yes' }];
  const forced = apply(
    'hole',
    path,
    { apiVersion: object['apiVersion'], kind: object['kind'], ...label },
    { query: '&dryRun=All&force=true', mask },
  );
  const missing = { metadata: { ...label.metadata, name: `${object.metadata.name}-none` } };
  const head = { apiVersion: object['apiVersion'], kind: object['kind'] };
  return [
    ...(['merge', 'strategic'] as const).map((type) =>
      one(subject, `patch/${type}`, [
        ...writeQueries
          .filter((query) => query !== 'dryRun=')
          .map((query) => patch(type, `${path}?${query}`, query.includes('Validation') ? strange : label, { mask })),
        ...[
          {},
          [],
          'null',
          '',
          '{',
          { metadata: null },
          { metadata: { name: 'other' } },
          { metadata: { uid: 'x' } },
          { metadata: { resourceVersion: '1' } },
          { metadata: { namespace: 'other' } },
          { kind: 'Bogus' },
          { apiVersion: 'v9' },
          { spec: 'x' },
          { spec: null },
          { metadata: { labels: null } },
          { metadata: { labels: { a: 1 } } },
          { metadata: { managedFields: [] } },
        ].map((body) => patch(type, `${path}?dryRun=All`, body, { mask })),
        patch(type, `${path}-none?dryRun=All`, label),
        patch(type, `${path}?dryRun=All`, label, { headers: { accept: protobuf }, mask }),
      ]),
    ),
    one(subject, 'patch/json', [
      ...writeQueries
        .filter((query) => query !== 'dryRun=')
        .map((query) =>
          patch('json', `${path}?${query}`, query.includes('Validation') ? [{ op: 'add', path: '/bogus', value: 1 }] : operations, {
            mask,
          }),
        ),
      ...[
        [],
        {},
        'null',
        '',
        [{}],
        [{ op: 'x', path: '/a' }],
        [{ op: 'remove', path: '/nothing' }],
        [{ op: 'test', path: '/kind', value: 'x' }],
        [{ op: 'replace', path: '', value: {} }],
        [{ op: 'copy', from: '/metadata/name', path: '/metadata/labels/copy' }],
        [{ op: 'move', from: '/metadata/labels/sample', path: '/metadata/labels/moved' }],
        [{ op: 'add', path: '/metadata/finalizers', value: ['a'] }],
        [{ op: 'remove', path: '/metadata/name' }],
        [{ op: 'remove', path: '/metadata' }],
      ].map((body) => patch('json', `${path}?dryRun=All`, body, { mask })),
      patch('json', `${path}-none?dryRun=All`, operations),
    ]),
    one(subject, 'patch/apply', [
      forced,
      ...writeQueries
        .filter((query) => query !== 'dryRun=')
        .map((query) =>
          apply('hole', path, { ...head, ...(query.includes('Validation') ? strangeOnce : label) }, { query: `&${query}`, mask }),
        ),
      ...[
        {},
        [],
        '',
        'x',
        { ...head, metadata: { name: 'other' } },
        { ...head, metadata: { namespace: 'other' } },
        { ...head, metadata: { managedFields: [{ manager: 'x' }] } },
        { ...head, metadata: { resourceVersion: '1' } },
        { ...head, metadata: { uid: 'x' } },
        { ...head, spec: 'x' },
        { ...object, kind: 'Bogus' },
        { ...object, apiVersion: 'v9' },
        object,
        { ...object, status: {} },
      ].map((body) => apply('hole', path, body, { query: '&dryRun=All', mask })),
      apply('', path, head, { query: '&dryRun=All' }),
      apply('hole', `${path}-none`, { ...head, ...missing }, { query: '&dryRun=All', mask }),
      apply('hole', `${path}-none`, { ...object, ...missing }, { query: '&dryRun=All', mask }),
    ]),
    one(
      subject,
      'patch/type',
      [...patchTypes, 'text/plain', ''].map((type) => ({
        method: 'PATCH',
        path: `${path}?dryRun=All&fieldManager=hole`,
        body: type.includes('json-patch') ? operations : { ...head, ...label },
        headers: { 'content-type': type },
        mask,
      })),
    ),
    one(
      subject,
      'patch/accept',
      accepts.map((accept) => patch('merge', `${path}?dryRun=All`, label, { headers: { accept }, mask: [...mask, ...subject.rowMask] })),
    ),
  ];
}

function wrongVerbs(subject: Subject): Case[] {
  const { base, path, object } = subject;
  const send = (method: string, where: string): Step => ({ method, path: where, ...(method === 'GET' ? {} : { body: object }) });
  return [
    one(subject, 'verbs', [
      ...['PUT', 'PATCH', 'OPTIONS', 'TRACE', 'BOGUS'].map((method) => send(method, base)),
      ...['POST', 'OPTIONS', 'BOGUS'].map((method) => send(method, path)),
      ...['GET', 'PUT', 'POST', 'DELETE', 'PATCH'].map((method) => send(method, `${path}/nothing`)),
      ...['GET', 'PUT', 'POST', 'DELETE'].map((method) => send(method, `${path}/status/nothing`)),
    ]),
  ];
}

/** What a subresource does when it works has cases of its own (cases/updates.ts): here only what changes nothing and reaches no node. */
function subresourceOptions(subject: Subject, facts: ResourceFacts): Case[] {
  const { path, object, mask } = subject;
  const unsafe = new Set(['attach', 'exec', 'log', 'portforward', 'proxy', 'finalize', 'token', 'binding', 'eviction']);
  const names = ['status', 'scale', ...(facts.subresources ?? []).map(({ name }) => name)].filter(
    (name, index, all) => all.indexOf(name) === index,
  );
  return names
    .filter((name) => !unsafe.has(name))
    .map((name) => {
      const where = `${path}/${name}`;
      const label = { metadata: { labels: { hole: 'yes' } } };
      const head = { apiVersion: object['apiVersion'], kind: object['kind'] };
      return one(subject, `subresource/${name}`, [
        get(where, { mask }),
        get(`${where}?pretty=true&resourceVersion=0`, { mask }),
        ...accepts.map((accept) => get(where, { headers: { accept }, mask: [...mask, ...subject.rowMask] })),
        get(`${path}-none/${name}`),
        get(`${where}?watch=true`, { mask }),
        ...writeQueries
          .filter((query) => query.includes('All') && !query.includes('Validation'))
          .map((query) => put(`${where}?${query}`, object, { mask })),
        ...['merge', 'strategic'].map((type) => patch(type as 'merge', `${where}?dryRun=All`, label, { mask })),
        ...[
          {},
          { spec: { replicas: 3 } },
          { spec: { replicas: -1 } },
          { spec: { replicas: 'x' } },
          { status: { bogus: 1 } },
          { spec: null },
          { metadata: { name: 'x' } },
        ].flatMap((body) => [
          patch('merge', `${where}?dryRun=All&fieldValidation=Strict`, body, { mask }),
          apply('hole', where, { ...head, ...body }, { query: '&dryRun=All', mask }),
        ]),
        patch('json', `${where}?dryRun=All`, [{ op: 'add', path: '/metadata/labels', value: { a: 'b' } }], { mask }),
        post(`${where}?dryRun=All`, object),
        remove(`${where}?dryRun=All`),
        put(`${path}-none/${name}?dryRun=All`, { ...object, metadata: { ...object.metadata, name: `${object.metadata.name}-none` } }),
        put(`${where}?dryRun=All`, { ...object, metadata: { ...object.metadata, resourceVersion: '1' } }),
        put(`${where}?dryRun=All`, {}),
        put(`${where}?dryRun=All`, object, { headers: { 'content-type': protobuf }, mask }),
      ]);
    });
}
