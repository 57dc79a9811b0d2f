/** For each kind: create (minimal and fuller), read back, lists as tables, patches, an update that must fail, delete. */
import { type Case, get, patch, post, put, remove, type Step, table } from '../case.ts';
import { collectionPath, type KindSample, type Named, named, samples } from './samples.ts';

export function kindCases(): readonly Case[] {
  return samples.flatMap(casesOf);
}

function casesOf(sample: KindSample): Case[] {
  const { full } = sample;
  const label = sample.label ?? sample.resource;
  const base = collectionPath(sample);
  const [small, large] = [named(sample, sample.minimal, 'small'), named(sample, full ?? sample.minimal, 'large')];
  const path = (object: Named) => `${base}/${object.metadata.name}`;
  const mask = sample.mask ?? [];
  const items = mask.map((field) => `items.*.${field}`);
  const selector = `labelSelector=sample%3D{run}`;
  const created: Step[] = [post(base, small, { mask }), get(path(small), { mask })];
  if (full !== undefined) created.push(post(base, large, { mask }), get(path(large), { mask }));
  const lasting = full === undefined ? small : large;
  return [
    { name: `${label}/create`, steps: created },
    { name: `${label}/dry-run`, steps: [post(`${base}?dryRun=All`, renamed(sample, lasting)), get(path(renamed(sample, lasting)))] },
    { name: `${label}/exists`, steps: [post(base, small)] },
    {
      name: `${label}/list`,
      steps: [
        get(`${base}?${selector}`, { mask: items }),
        table(`${base}?${selector}`, tableMask(sample)),
        table(path(lasting), tableMask(sample)),
      ],
    },
    {
      name: `${label}/patch`,
      steps: [
        patch('merge', path(small), { metadata: { labels: { a: 'b' } } }, { mask }),
        patch('strategic', path(small), { metadata: { annotations: { c: 'd' } } }, { mask }),
        patch('json', path(small), [{ op: 'replace', path: '/metadata/labels/a', value: 'c' }], { mask }),
        patch('merge', path(small), { metadata: { labels: { 'not a label': 'x' } } }, { mask }),
        patch('merge', path(small), { metadata: { name: 'other' } }, { mask }),
        patch('merge', path(small), { metadata: { uid: 'other' } }, { mask }),
        put(path(small), { ...small, metadata: { ...small.metadata, resourceVersion: '1' } }),
        put(path(small), small, { mask }),
      ],
    },
    ...(sample.status === undefined ? [] : [statusCase(sample, path(small))]),
    ...(sample.wrongUpdates === undefined
      ? []
      : [
          {
            name: `${label}/wrong-updates`,
            steps: sample.wrongUpdates.map((change) => patch('merge', path(lasting), change, { mask })),
          },
        ]),
    { name: `${label}/wrong`, steps: (sample.wrong ?? []).map((body) => post(base, named(sample, body, 'wrong'))) },
    {
      name: `${label}/delete`,
      steps: [
        remove(`${path(small)}?dryRun=All`, undefined, { mask }),
        remove(path(small), { preconditions: { uid: 'another' } }),
        remove(path(small), { propagationPolicy: 'Background', gracePeriodSeconds: 0 }, { mask }),
        remove(path(small)),
        ...(full === undefined ? [] : [remove(path(large), undefined, { mask })]),
        get(path(small)),
      ],
    },
  ];
}

function statusCase(sample: KindSample, path: string): Case {
  const status = `${path}/status`;
  const mask = sample.mask ?? [];
  return {
    name: `${sample.label ?? sample.resource}/status`,
    steps: [
      get(status, { mask }),
      patch(
        'merge',
        status,
        { metadata: { labels: { s: 't' }, annotations: { u: 'v' } }, status: sample.status },
        { mask: mask.filter((m) => m !== 'status') },
      ),
      patch('strategic', status, { status: { unheardOf: 1 } }, { mask }),
    ],
  };
}

function renamed(sample: KindSample, object: Named): Named {
  const name = sample.nameSuffix === undefined ? 'dry-{run}' : sample.nameSuffix('dry');
  return { ...object, metadata: { ...object.metadata, name } };
}

/** Ages differ by a second now and then. */
function tableMask(sample: KindSample): { readonly mask: readonly string[] } {
  return { mask: [...(sample.tableMask ?? [])] };
}
