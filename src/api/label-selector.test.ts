import { describe, expect, test } from '@jest/globals';
import { goSelectorText, labelMatcher, mapMatcher, matchesExpression } from './label-selector.ts';

describe('label selectors', () => {
  test('missing matches nothing, empty matches everything', () => {
    expect(labelMatcher(undefined)({ a: 'b' })).toBe(false);
    expect(labelMatcher({})({ a: 'b' })).toBe(true);
    expect(labelMatcher({})(undefined)).toBe(true);
  });

  test('all of matchLabels and matchExpressions', () => {
    const matches = labelMatcher({ matchLabels: { app: 'web' }, matchExpressions: [{ key: 'tier', operator: 'In', values: ['a', 'b'] }] });
    expect(matches({ app: 'web', tier: 'b' })).toBe(true);
    expect(matches({ app: 'web', tier: 'c' })).toBe(false);
    expect(matches({ tier: 'b' })).toBe(false);
  });

  test.each([
    ['NotIn', 'x', ['a'], true],
    ['NotIn', undefined, ['a'], true],
    ['NotIn', 'a', ['a'], false],
    ['Exists', '', [], true],
    ['Exists', undefined, [], false],
    ['DoesNotExist', undefined, [], true],
    ['Gt', '10', ['9'], true],
    ['Gt', 'ten', ['9'], false],
    ['Lt', '8', ['9'], true],
    ['Nonsense', '8', ['9'], false],
  ])('%s of %s and %j', (operator, value, values, expected) => {
    expect(matchesExpression({ key: 'k', operator, values }, value === undefined ? {} : { k: value })).toBe(expected);
  });

  test('an empty map selector matches nothing', () => {
    expect(mapMatcher({})({ a: 'b' })).toBe(false);
    expect(mapMatcher({ a: 'b' })({ a: 'b', c: 'd' })).toBe(true);
  });
});

test('a selector as Go prints it', () => {
  expect(goSelectorText({ matchExpressions: [{ key: 'a', operator: 'In', values: ['x', 'y'] }], matchLabels: { c: '1', b: '2' } })).toBe(
    '&LabelSelector{MatchLabels:map[string]string{b: 2,c: 1,},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:a,Operator:In,Values:[x y],},},}',
  );
  expect(goSelectorText(undefined)).toBe('nil');
});
