import { expect, test } from '@jest/globals';
import { testPod } from '../testing/pods.ts';
import { exceeded, hasLimits } from './local-limits.ts';

const limited = testPod({
  spec: {
    containers: [{ name: 'web', image: 'a', resources: { limits: { 'ephemeral-storage': '1Ki' } } }],
    volumes: [
      { name: 'cache', emptyDir: { sizeLimit: '1Mi' } },
      { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1' } },
      { name: 'free', emptyDir: {} },
    ],
  },
});
const use = (volumes: Record<string, number>, containers: Record<string, number> = {}) => ({
  volumes: new Map(Object.entries(volumes)),
  containers: new Map(Object.entries(containers)),
});

test('only pods with limits need to be measured', () => {
  expect(hasLimits(limited)).toBe(true);
  expect(hasLimits(testPod())).toBe(false);
  expect(hasLimits(testPod({ spec: { volumes: [{ name: 'm', emptyDir: { medium: 'Memory', sizeLimit: '1' } }] } }))).toBe(false);
});

test('a volume, then the pod, then a container', () => {
  expect(exceeded(limited, use({ cache: 1024 }))).toBeUndefined();
  expect(exceeded(limited, use({ cache: 1_048_577 }))).toBe('Usage of EmptyDir volume "cache" exceeds the limit "1Mi". ');
  expect(exceeded(limited, use({ free: 1025 }))).toBe('Pod ephemeral local storage usage exceeds the total limit of containers 1Ki. ');
  const two = testPod({
    spec: {
      containers: [
        { name: 'small', image: 'a', resources: { limits: { 'ephemeral-storage': '10' } } },
        { name: 'large', image: 'a', resources: { limits: { 'ephemeral-storage': '100' } } },
      ],
    },
  });
  expect(exceeded(two, use({}, { small: 11, large: 1 }))).toBe('Container small exceeded its local ephemeral storage limit "10". ');
});
