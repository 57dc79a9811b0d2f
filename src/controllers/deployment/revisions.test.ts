import { expect, test } from '@jest/globals';
import type { ReplicaSet } from '../../api/generated/types.ts';
import { annotations, maxRevision } from './replica-sets.ts';

const set = (revision: string): ReplicaSet =>
  ({ metadata: { annotations: { [annotations.revision]: revision } } }) as unknown as ReplicaSet;

test.each([
  [[], 0n],
  [['2', '10'], 10n],
  [['3546343826724305832'], 3546343826724305832n],
  [['1', '9223372036854775808'], 1n],
  [['x', '-3', ''], 0n],
])('the highest revision of %j is exact', (revisions: string[], highest) => {
  expect(maxRevision(revisions.map(set))).toBe(highest);
});
