import { expect, test } from '@jest/globals';
import type { PersistentVolume } from '../../../api/generated/types.ts';
import { validatePersistentVolumeUpdate } from './validation.ts';

const volume = (spec: object): PersistentVolume =>
  ({
    metadata: { name: 'v' },
    spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, ...spec },
  }) as unknown as PersistentVolume;
const faultsOf = (now: object, old: object): string[] =>
  validatePersistentVolumeUpdate(volume(now), volume(old)).map(({ field, body }) => `${field}: ${body.split('\n')[0] ?? ''}`);
const csi = { driver: 'a.b', volumeHandle: 'h' };
const secret = (name: string): object => ({ csi: { ...csi, controllerExpandSecretRef: { name, namespace: 's' } } });
const affinity = (key: string): object => ({
  csi,
  nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'Exists' }] }] } },
});

test('the secret for expanding may come later, and then stays', () => {
  expect(faultsOf(secret('a'), { csi })).toEqual([]);
  expect(faultsOf(secret('b'), secret('a'))).toEqual([
    'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation',
  ]);
});

test('nodes once named stay, but for labels with new names', () => {
  expect(faultsOf(affinity('a'), { csi })).toEqual([]);
  expect(faultsOf(affinity('topology.kubernetes.io/zone'), affinity('failure-domain.beta.kubernetes.io/zone'))).toEqual([]);
  const why = 'field is immutable, except for updating from beta label to GA';
  expect(faultsOf({ csi }, affinity('a'))).toEqual([`nodeAffinity: Invalid value: null: ${why}`]);
  expect(faultsOf(affinity('failure-domain.beta.kubernetes.io/zone'), affinity('topology.kubernetes.io/zone')).join()).toContain(why);
});
