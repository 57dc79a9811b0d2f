import { expect, test } from '@jest/globals';
import { paramRefText } from './columns.ts';

test.each([
  [undefined, '<unset>'],
  [{}, '<unset>'],
  [{ name: 'a' }, '*/a'],
  [{ name: 'a', namespace: 'b' }, 'b/a'],
  [{ selector: {} }, '&LabelSelector{MatchLabels:map[string]string{},MatchExpressions:[]LabelSelectorRequirement{},}'],
  [
    { selector: { matchLabels: { b: '2', a: '1' }, matchExpressions: [{ key: 'k', operator: 'In', values: ['x', 'y'] }] } },
    '&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},' +
      'MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:k,Operator:In,Values:[x y],},},}',
  ],
])('parameters of a policy binding %j', (paramRef, expected) => {
  expect(paramRefText(paramRef)).toBe(expected);
});
