import { expect, test } from '@jest/globals';
import { matchesNodeTerm, matchesPodNodeSelection } from './node-selector.ts';

const node = { name: 'n1', labels: { zone: 'a', size: '8' } };
const by = (key: string, operator: string, ...values: string[]) => ({ key, operator, values });

test.each([
  [{}, false],
  [{ matchExpressions: [by('zone', 'In', 'a', 'b')] }, true],
  [{ matchExpressions: [by('size', 'Gt', '4'), by('zone', 'NotIn', 'a')] }, false],
  [{ matchFields: [by('metadata.name', 'In', 'n1')] }, true],
  [{ matchFields: [by('metadata.name', 'In', 'n2')], matchExpressions: [by('zone', 'Exists')] }, false],
])('term %j', (term, matches) => {
  expect(matchesNodeTerm(term, node)).toBe(matches);
});

test('a pod needs its node selector and one term of its affinity', () => {
  const required = (...zones: string[]) => ({
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: zones.map((zone) => ({ matchExpressions: [by('zone', 'In', zone)] })),
      },
    },
  });
  const containers: never[] = [];
  expect(matchesPodNodeSelection({ containers }, node)).toBe(true);
  expect(matchesPodNodeSelection({ containers, affinity: required('b', 'a') }, node)).toBe(true);
  expect(matchesPodNodeSelection({ containers, affinity: required('b') }, node)).toBe(false);
  expect(matchesPodNodeSelection({ containers, affinity: required('a'), nodeSelector: { size: '4' } }, node)).toBe(false);
});
