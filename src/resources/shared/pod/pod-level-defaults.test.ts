import { expect, test } from '@jest/globals';
import type { PodSpec } from '../../../api/generated/types.ts';
import { defaultPodLevelResources } from './pod-level-defaults.ts';

function defaulted(resources: object | undefined, ...ofContainers: object[]): unknown {
  const containers = ofContainers.map((own, index) => ({ name: `c${String(index)}`, image: 'i', resources: own }));
  const spec = { containers, ...(resources === undefined ? {} : { resources }) } as unknown as PodSpec;
  defaultPodLevelResources(spec);
  return spec.resources;
}

test('nothing said, nothing added', () => {
  expect(defaulted(undefined, { requests: { cpu: '1' } })).toBeUndefined();
  expect(defaulted({}, { requests: { cpu: '1' } })).toEqual({});
  expect(defaulted({ requests: { cpu: '1' } }, { requests: { memory: '1Gi' } })).toEqual({ requests: { cpu: '1' } });
});

test('with limits, requests are what containers ask for, else the limits', () => {
  expect(defaulted({ limits: { cpu: '2', memory: '1Gi' } }, { requests: { cpu: '500m' } }, { requests: { cpu: '250m' } })).toEqual({
    limits: { cpu: '2', memory: '1Gi' },
    requests: { cpu: '750m', memory: '1Gi' },
  });
});

test('huge pages of the containers are the limit, where nothing else is said', () => {
  const pages = { limits: { 'hugepages-2Mi': '4Mi' } };
  expect(defaulted({ limits: { cpu: '1' } }, pages, pages)).toEqual({
    limits: { cpu: '1', 'hugepages-2Mi': '8Mi' },
    requests: { cpu: '1', 'hugepages-2Mi': '8Mi' },
  });
});
