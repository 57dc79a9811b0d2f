/** spec.successPolicy: pkg/controller/job/success_policy.go. Pure. */
import type { JobSpec } from '../../api/generated/types.ts';
import type { Indexes } from './indexes.ts';
import { countCommon, countIndexes, parseIndexes } from './indexes.ts';

/** The message of the first rule that the succeeded indexes meet; undefined when none is met. */
export function meetsSuccessPolicy(spec: JobSpec, succeeded: Indexes): string | undefined {
  if (succeeded.length === 0) return undefined;
  const at = (spec.successPolicy?.rules ?? []).findIndex(({ succeededIndexes, succeededCount }) => {
    if (succeededIndexes === undefined) return succeededCount !== undefined && countIndexes(succeeded) >= succeededCount;
    const wanted = parseIndexes(succeededIndexes, spec.completions ?? 0);
    if (wanted.length === 0) return false;
    const common = countCommon(wanted, succeeded);
    return common === countIndexes(wanted) || (succeededCount !== undefined && common >= succeededCount);
  });
  return at < 0 ? undefined : `Matched rules at index ${String(at)}`;
}
