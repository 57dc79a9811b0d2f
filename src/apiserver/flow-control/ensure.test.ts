import { expect, test } from '@jest/globals';
import { exemptLevel } from './bootstrap.ts';
import { revised } from './ensure.ts';

test('what the exempt level lends is for others to say, everything else of it is not', () => {
  const current = (spec: object): never =>
    ({ metadata: { name: 'exempt', annotations: { 'apf.kubernetes.io/autoupdate-spec': 'true' } }, spec }) as never;
  const lending = { type: 'Exempt', exempt: { nominalConcurrencyShares: 7, lendablePercent: 50 } };
  expect(revised(current(lending), exemptLevel, true)).toBeUndefined();
  expect(revised(current({ ...lending, type: 'Limited' }), exemptLevel, true)).toMatchObject({ spec: exemptLevel.spec });
  expect(revised(current({ type: 'Exempt' }), exemptLevel, true)).toMatchObject({ spec: exemptLevel.spec });
});
