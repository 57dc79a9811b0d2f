import { expect, test } from '@jest/globals';
import { schemaOfKind } from './facts.ts';
import { fromUnstructured } from './from-unstructured.ts';

const pod = schemaOfKind('', 'v1', 'Pod');
const convert = (spec: unknown) => {
  if (pod === undefined) throw new Error('there are no facts of pods');
  return fromUnstructured({ spec }, pod);
};
const port = (containerPort: unknown) => ({ containers: [{ name: 'c', ports: [{ containerPort }] }] });

test.each([
  [7, 'cannot restore struct from: int64'],
  [{ nodeSelector: [] }, 'cannot restore map from slice'],
  [{ tolerations: {} }, 'cannot restore slice from map'],
  [{ tolerations: ['x'] }, 'cannot restore struct from: string'],
  [{ nodeName: 5 }, 'cannot convert int64 to string'],
  [{ nodeName: 1.5 }, 'unrecognized type: string'],
  [{ restartPolicy: 5 }, 'cannot convert int64 to v1.RestartPolicy'],
  [{ hostNetwork: 1 }, 'unrecognized type: bool'],
  [port('x'), 'unrecognized type: int32'],
  [port(1.5), 'cannot convert float64 to int32'],
  [{ containers: [{ resources: { limits: { cpu: 'x' } } }] }, /^quantities must match the regular expression/],
  [{ hostNetwork: 'x', containers: 'x' }, 'cannot restore slice from string'],
])('%j has the fault that comes first in the struct, in the words of the converter', (spec, fault) => {
  expect(convert(spec).fault).toEqual(typeof fault === 'string' ? fault : expect.stringMatching(fault));
});

test('numbers are cut to the width of the field, nulls stay', () => {
  expect(convert(port(2 ** 32 + 80)).value).toEqual({ spec: port(80) });
  expect(convert({ nodeName: null, x: 'unknown' })).toEqual({ fault: undefined, value: { spec: { nodeName: null, x: 'unknown' } } });
});
