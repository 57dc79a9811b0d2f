/** Reads of a kind with every option. */
import { type Case, get } from '../case.ts';
import { accepts, as, one, selected, type Subject } from './subject.ts';

export function readOptions(subject: Subject): Case[] {
  const { path, mask, rowMask } = subject;
  const queries = ['pretty=true', 'pretty=x', 'resourceVersion=0', 'resourceVersion=x', 'resourceVersion=-1'];
  const more = ['resourceVersionMatch=Exact', 'limit=1', 'labelSelector=x', 'dryRun=All', 'unheard=of', 'export=true', 'timeout=x'];
  const tables = ['None', 'Metadata', 'Object', 'x'];
  return [
    one(
      subject,
      'get/options',
      [...queries, ...more].map((query) => get(`${path}?${query}`, { mask })),
    ),
    one(
      subject,
      'get/accept',
      accepts.map((accept) => get(path, { headers: { accept }, mask: [...mask, ...rowMask] })),
    ),
    one(
      subject,
      'get/table',
      tables.map((include) =>
        get(`${path}?includeObject=${include}`, {
          headers: { accept: as('Table') },
          mask: [...mask, ...rowMask, ...mask.map((field) => `rows.*.object.${field}`)],
        }),
      ),
    ),
    one(subject, 'get/missing', [
      get(`${path}-none`),
      get(`${path}-none?resourceVersion=0`),
      get(`${path}/nothing`),
      get(`${path}/`, { mask }),
    ]),
    one(subject, 'head', [
      { method: 'HEAD', path },
      { method: 'HEAD', path: `${path}-none` },
    ]),
  ];
}

export function listOptions(subject: Subject): Case[] {
  const { base, itemMask, rowMask, mask } = subject;
  const chosen = selected(subject);
  const queries = [
    'limit=1',
    'limit=0',
    'limit=-1',
    'limit=x',
    'continue=x',
    'resourceVersion=0',
    'resourceVersion=0&resourceVersionMatch=NotOlderThan',
    'resourceVersion=0&resourceVersionMatch=Exact',
    'resourceVersion=x',
    'resourceVersionMatch=Exact',
    'resourceVersionMatch=x',
    'resourceVersion=99999999999&resourceVersionMatch=Exact',
    'allowWatchBookmarks=true',
    'sendInitialEvents=true',
    'timeoutSeconds=5',
    'timeoutSeconds=x',
    'pretty=true',
    'labelSelector=sample',
    'labelSelector=sample%3D{run}',
    'labelSelector=!sample',
    'labelSelector=a%20in%20(b',
    'labelSelector=a%3D%3D%3Db',
    'labelSelector=sample%20notin%20(x,y)',
    'watch=false',
    'watch=x',
    'dryRun=All',
    'unheard=of',
  ];
  const fields = [
    'metadata.name',
    'metadata.name%3D',
    'metadata.name!%3Dx,metadata.name%3Dy',
    'metadata.namespace%3D{ns}',
    'metadata.uid%3Dx',
    'spec.nothing%3Dx',
    'status.phase%3Dx',
    'type%3Dx',
    'spec.nodeName%3Dx',
    'metadata.name%20in%20(x)',
    '%3D',
    'a',
  ];
  const tables = ['None', 'Metadata', 'Object'];
  const everywhere = base.replace('/namespaces/{ns}', '');
  return [
    one(
      subject,
      'list/options',
      queries.map((query) => get(`${base}?${chosen}&${query}`, { mask: itemMask })),
    ),
    one(
      subject,
      'list/fields',
      fields.map((field) => get(`${base}?labelSelector=none%3D{run}&fieldSelector=${field}`)),
    ),
    one(
      subject,
      'list/accept',
      accepts.map((accept) => get(`${base}?${chosen}`, { headers: { accept }, mask: [...itemMask, ...rowMask] })),
    ),
    one(
      subject,
      'list/table',
      tables.map((include) =>
        get(`${base}?${chosen}&includeObject=${include}`, {
          headers: { accept: as('Table') },
          mask: [...rowMask, ...mask.map((field) => `rows.*.object.${field}`)],
        }),
      ),
    ),
    one(subject, 'list/everywhere', [
      get(`${everywhere}?${chosen}&labelSelector=sample%3D{run}`, { mask: itemMask }),
      get(`${everywhere}?labelSelector=none%3D{run}`),
    ]),
  ];
}

export function watchOptions(subject: Subject): Case[] {
  const { base, mask } = subject;
  const chosen = `${selected(subject)}&watch=true&timeoutSeconds=1`;
  const inEvents = mask.map((field) => `object.${field}`);
  const first = [
    '',
    '&allowWatchBookmarks=true',
    '&resourceVersion=0',
    '&pretty=true',
    '&labelSelector=sample%3D{run}',
    '&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true',
    '&sendInitialEvents=true',
    '&sendInitialEvents=false&resourceVersionMatch=NotOlderThan',
    '&resourceVersionMatch=Exact',
    '&resourceVersion=x',
    '&resourceVersion=99999999999',
    '&labelSelector=a%20in%20(b',
    '&fieldSelector=spec.nothing%3Dx',
    '&continue=x',
    '&limit=1',
  ];
  return [
    one(
      subject,
      'watch/options',
      first.map((query) =>
        get(`${base}?${chosen}${query}`, {
          events: query.includes('=true&resourceVersionMatch') ? 2 : 1,
          mask: [...inEvents, ...mask.map((field) => `*.object.${field}`)],
        }),
      ),
    ),
    one(
      subject,
      'watch/accept',
      accepts.map((accept) =>
        get(`${base}?${chosen}`, {
          headers: { accept },
          events: 1,
          mask: [...inEvents, ...subject.rowMask.map((field) => `object.${field}`)],
        }),
      ),
    ),
  ];
}
