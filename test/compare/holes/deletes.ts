/** Deletion of one object and of many with every option. */
import { type Case, get, type Json, patch, post, quiet, remove, type Step } from '../case.ts';
import { named } from '../cases/samples.ts';
import { accepts, bodyTypes, one, selected, type Subject } from './subject.ts';

const deleteQueries = [
  'gracePeriodSeconds=0',
  'gracePeriodSeconds=30',
  'gracePeriodSeconds=-1',
  'gracePeriodSeconds=x',
  'propagationPolicy=Foreground',
  'propagationPolicy=Background',
  'propagationPolicy=Orphan',
  'propagationPolicy=x',
  'propagationPolicy=',
  'orphanDependents=true',
  'orphanDependents=false',
  'orphanDependents=x',
  'orphanDependents=true&propagationPolicy=Orphan',
  'ignoreStoreReadErrorWithClusterBreakingPotential=true',
  'ignoreStoreReadErrorWithClusterBreakingPotential=x',
  'preconditions.uid=x',
  'pretty=true',
  'timeout=x',
  'fieldManager=x',
];
/** A body counts instead of the query: a dry run has to be in it. */
const dry = { dryRun: ['All'] };
const deleteBodies: readonly unknown[] = [
  dry,
  { ...dry, kind: 'DeleteOptions', apiVersion: 'v1' },
  { ...dry, kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1' },
  { ...dry, kind: 'DeleteOptions', apiVersion: 'v9' },
  { ...dry, kind: 'Bogus', apiVersion: 'v1' },
  { ...dry, gracePeriodSeconds: -1 },
  { ...dry, gracePeriodSeconds: 5 },
  { ...dry, gracePeriodSeconds: 'x' },
  { ...dry, preconditions: { uid: 'x' } },
  { ...dry, preconditions: { resourceVersion: '1' } },
  { ...dry, preconditions: {} },
  { ...dry, orphanDependents: true },
  { ...dry, orphanDependents: true, propagationPolicy: 'Orphan' },
  { ...dry, propagationPolicy: 'Foreground' },
  { ...dry, propagationPolicy: 'Orphan' },
  { ...dry, propagationPolicy: 'x' },
  { dryRun: ['x'] },
  { ...dry, bogus: 1 },
  { ...dry, ignoreStoreReadErrorWithClusterBreakingPotential: true },
  { ...dry, ignoreStoreReadErrorWithClusterBreakingPotential: true, gracePeriodSeconds: 1, preconditions: { uid: 'x' } },
  '{',
  '[]',
];

export function deleteOptions(subject: Subject): Case[] {
  const { base, path, sample, mask } = subject;
  const body = sample.full ?? sample.minimal;
  const lives = (role: string): string => `${base}/${named(sample, body, role).metadata.name}`;
  const create = (role: string, metadata: Json = {}): Step => {
    const object = named(sample, body, role);
    return quiet(post(base, { ...object, metadata: { ...object.metadata, ...metadata } }));
  };
  const kept = { finalizers: ['hole.example.com/kept'] };
  const free: Step = quiet(patch('merge', lives('kept'), { metadata: { finalizers: null } }));
  const settled = [...mask, 'details'];
  return [
    one(
      subject,
      'delete/options',
      deleteQueries.map((query) => remove(`${path}?dryRun=All&${query}`, undefined, { mask })),
    ),
    one(
      subject,
      'delete/bodies',
      deleteBodies.map((options) => remove(`${path}?dryRun=All`, options, { mask })),
    ),
    one(
      subject,
      'delete/type',
      bodyTypes.map((type) =>
        remove(`${path}?dryRun=All`, { ...dry, kind: 'DeleteOptions', apiVersion: 'v1' }, { headers: { 'content-type': type }, mask }),
      ),
    ),
    one(
      subject,
      'delete/accept',
      accepts.map((accept) => remove(`${path}?dryRun=All`, undefined, { headers: { accept }, mask: [...mask, ...subject.rowMask] })),
    ),
    one(subject, 'delete/missing', [remove(`${path}-none`), remove(`${path}-none?dryRun=All`), remove(`${path}?dryRun=x`)]),
    ...['Foreground', 'Background', 'Orphan'].map((propagationPolicy, index) =>
      one(subject, `delete/${propagationPolicy}`, [
        create(`del${String(index)}`),
        remove(lives(`del${String(index)}`), { propagationPolicy, gracePeriodSeconds: 0 }, { mask }),
        get(lives(`del${String(index)}`), { mask }),
        patch('merge', lives(`del${String(index)}`), { metadata: { finalizers: null } }, { mask: settled }),
      ]),
    ),
    one(subject, 'delete/finalizers', [
      create('kept', kept),
      remove(lives('kept'), { gracePeriodSeconds: 0 }, { mask: settled }),
      get(lives('kept'), { mask }),
      remove(lives('kept'), undefined, { mask: settled }),
      patch('merge', lives('kept'), { metadata: { labels: { late: 'yes' } } }, { mask }),
      patch('merge', lives('kept'), { metadata: { finalizers: ['hole.example.com/kept', 'hole.example.com/new'] } }, { mask }),
      post(`${base}?dryRun=All`, named(sample, body, 'kept'), { mask }),
      free,
      get(lives('kept'), { mask }),
    ]),
  ];
}

export function collectionOptions(subject: Subject): Case[] {
  const { base, itemMask } = subject;
  const chosen = selected(subject);
  return [
    one(
      subject,
      'deletecollection/options',
      [
        ...deleteQueries,
        'limit=1',
        'limit=x',
        'continue=x',
        'resourceVersion=x',
        'labelSelector=none',
        'labelSelector=a%20in%20(b',
        'fieldSelector=spec.nothing%3Dx',
        'sendInitialEvents=true',
        'timeoutSeconds=x',
      ].map((query) => remove(`${base}?${chosen}&dryRun=All&${query}`, undefined, { mask: itemMask })),
    ),
    one(
      subject,
      'deletecollection/bodies',
      deleteBodies.map((options) => remove(`${base}?${chosen}&dryRun=All`, options, { mask: itemMask })),
    ),
    one(
      subject,
      'deletecollection/accept',
      accepts.map((accept) =>
        remove(`${base}?${chosen}&dryRun=All`, undefined, { headers: { accept }, mask: [...itemMask, ...subject.rowMask] }),
      ),
    ),
  ];
}
