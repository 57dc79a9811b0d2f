import { expect, test } from '@jest/globals';
import { parseThresholds } from '../eviction/thresholds.ts';
import { allocatable } from './allocatable.ts';

const capacity = { cpu: '2', memory: '24684096Ki', 'ephemeral-storage': '264212084Ki', pods: '110' };
const none = { kubeReserved: {}, systemReserved: {}, thresholds: [] };

test('nothing reserved: everything', () => {
  expect(allocatable(capacity, none)).toEqual(capacity);
});

test('what eviction keeps free, as kubelet 1.36.3 said of this capacity', () => {
  const thresholds = parseThresholds('memory.available<100Mi,nodefs.available<10%,imagefs.available<15%,nodefs.inodesFree<5%');
  expect(allocatable(capacity, { ...none, thresholds })).toEqual({
    cpu: '2',
    memory: '24581696Ki',
    'ephemeral-storage': '243497856212',
    pods: '110',
  });
});

test('both reservations, never below nothing', () => {
  const reserved = {
    kubeReserved: { cpu: '150m', memory: '1Gi', 'ephemeral-storage': '1Ti' },
    systemReserved: { cpu: '0.1', memory: '24Mi' },
  };
  expect(allocatable(capacity, { ...reserved, thresholds: [] })).toEqual({
    cpu: '1750m',
    memory: '23610944Ki',
    'ephemeral-storage': '0Ki',
    pods: '110',
  });
});
