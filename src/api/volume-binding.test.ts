import { describe, expect, test } from '@jest/globals';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from './generated/types.ts';
import { boundVolume, classOf, defaultStorageClass, findVolume, isBoundTo, isReachableFrom } from './volume-binding.ts';

function volume(name: string, spec: object = {}, phase = 'Available'): PersistentVolume {
  const base = { capacity: { storage: '5Gi' }, accessModes: ['ReadWriteOnce'] };
  return { metadata: { name }, spec: { ...base, ...spec }, status: { phase } } as unknown as PersistentVolume;
}

function claim(spec: object = {}): PersistentVolumeClaim {
  const base = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '3Gi' } } };
  const metadata = { name: 'c', namespace: 'n', uid: 'u', resourceVersion: '7' };
  return { metadata, spec: { ...base, ...spec }, status: {} } as unknown as PersistentVolumeClaim;
}

const on = (zone: string): object => ({
  nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: [zone] }] }] } },
});
const here = { name: 'n1', labels: { zone: 'a' } };

describe('the volume for a claim', () => {
  test.each<[string, PersistentVolume[], object, object, string | undefined]>([
    [
      'the smallest that is large enough',
      [volume('l', { capacity: { storage: '9Gi' } }), volume('m'), volume('s', { capacity: { storage: '1Gi' } })],
      {},
      {},
      'm',
    ],
    ['none that is taken', [volume('v', { claimRef: { name: 'x', namespace: 'n' } })], {}, {}, undefined],
    [
      'its own first',
      [volume('v', { capacity: { storage: '4Gi' } }), volume('own', { claimRef: { name: 'c', namespace: 'n' } }, 'Bound')],
      {},
      {},
      'own',
    ],
    ['of its class', [volume('v')], { storageClassName: 'fast' }, {}, undefined],
    ['of its mode', [volume('v', { volumeMode: 'Block' })], {}, {}, undefined],
    ['with its access', [volume('v')], { accessModes: ['ReadWriteMany'] }, {}, undefined],
    ['only one that is available', [volume('v', {}, 'Released')], {}, {}, undefined],
    ['on the node', [volume('v', on('b')), volume('w', { ...on('a'), capacity: { storage: '8Gi' } })], {}, { node: here }, 'w'],
    [
      'nothing when its own is elsewhere',
      [volume('own', { ...on('b'), claimRef: { name: 'c', namespace: 'n' } }), volume('w')],
      {},
      { node: here },
      undefined,
    ],
    ['not one that is excluded', [volume('v')], {}, { excluded: new Set(['v']) }, undefined],
    ['nothing before a node is chosen', [volume('v')], {}, { late: true }, undefined],
  ])('%s', (...[, volumes, spec, options, name]) => {
    expect(findVolume(claim(spec), volumes, options)?.metadata.name).toBe(name);
  });
});

test('a claimRef without a uid is of any claim of the name', () => {
  const of = (claimRef: object) => isBoundTo(volume('v', { claimRef }), claim());
  expect([
    of({ name: 'c', namespace: 'n' }),
    of({ name: 'c', namespace: 'n', uid: 'u' }),
    of({ name: 'c', namespace: 'n', uid: 'x' }),
  ]).toEqual([true, true, false]);
  expect(isBoundTo(volume('v'), claim())).toBe(false);
});

test('binding names the claim, and who chose it unless the volume did', () => {
  const free = boundVolume(volume('v'), claim());
  expect(free.spec.claimRef).toEqual({
    kind: 'PersistentVolumeClaim',
    apiVersion: 'v1',
    namespace: 'n',
    name: 'c',
    uid: 'u',
    resourceVersion: '7',
  });
  expect(free.metadata.annotations).toEqual({ 'pv.kubernetes.io/bound-by-controller': 'yes' });
  expect(boundVolume(free, claim())).toBe(free);
  expect(boundVolume(volume('v', { claimRef: { name: 'c', namespace: 'n' } }), claim()).metadata.annotations).toBeUndefined();
});

test('the newest default class; the annotation of old goes before the field', () => {
  const make = (name: string, creationTimestamp: string, value = 'true') =>
    ({
      metadata: { name, creationTimestamp, annotations: { 'storageclass.kubernetes.io/is-default-class': value } },
    }) as unknown as StorageClass;
  const classes = [make('old', '2026-01-01T00:00:00Z'), make('new', '2026-01-02T00:00:00Z'), make('no', '2026-01-03T00:00:00Z', 'false')];
  expect(defaultStorageClass(classes)?.metadata.name).toBe('new');
  expect(defaultStorageClass([])).toBeUndefined();
  const old = claim({ storageClassName: 'field' });
  old.metadata.annotations = { 'volume.beta.kubernetes.io/storage-class': 'annotation' };
  expect([classOf(old), classOf(claim()), isReachableFrom(volume('v'), here)]).toEqual(['annotation', '', true]);
});
