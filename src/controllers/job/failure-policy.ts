/** spec.podFailurePolicy: pkg/controller/job/pod_failure_policy.go. Pure. */
import type { JobSpec, Pod } from '../../api/generated/types.ts';

type Policy = NonNullable<JobSpec['podFailurePolicy']>;
type Rule = Policy['rules'][number];
type Status = NonNullable<Pod['status']['containerStatuses']>[number];

export interface PolicyVerdict {
  /** Whether the failure counts against the back-off limits. */
  readonly counts: boolean;
  readonly action?: 'Ignore' | 'FailIndex' | 'Count' | 'FailJob';
  /** For FailJob: why the Job fails. */
  readonly message?: string;
}

/** What the first matching rule says of a failed pod. */
export function judgeFailure(policy: Policy | undefined, pod: Pod): PolicyVerdict {
  for (const [index, rule] of (policy?.rules ?? []).entries()) {
    const found = match(rule, pod);
    if (found === undefined) continue;
    switch (rule.action) {
      case 'Ignore':
        return { counts: false, action: 'Ignore' };
      case 'FailIndex':
      case 'Count':
        return { counts: true, action: rule.action };
      case 'FailJob':
        return { counts: true, action: 'FailJob', message: `${found} matching FailJob rule at index ${String(index)}` };
    }
  }
  return { counts: true };
}

/** The beginning of the message when the rule matches. */
function match(rule: Rule, pod: Pod): string | undefined {
  const name = `${pod.metadata.namespace ?? ''}/${pod.metadata.name}`;
  if (rule.onExitCodes !== undefined) {
    const { onExitCodes } = rule;
    const statuses = [...(pod.status.containerStatuses ?? []), ...(pod.status.initContainerStatuses ?? [])];
    const found = statuses.find((status) => matchesExitCode(onExitCodes, status));
    return found && `Container ${found.name} for pod ${name} failed with exit code ${String(found.state?.terminated?.exitCode)}`;
  }
  const patterns = rule.onPodConditions ?? [];
  const found = pod.status.conditions?.find((condition) =>
    patterns.some((pattern) => pattern.type === condition.type && pattern.status === condition.status),
  );
  return found && `Pod ${name} has condition ${found.type}`;
}

function matchesExitCode(wanted: NonNullable<Rule['onExitCodes']>, { name, state }: Status): boolean {
  const code = state?.terminated?.exitCode ?? 0;
  if (code === 0 || (wanted.containerName !== undefined && wanted.containerName !== name)) return false;
  if (wanted.operator === 'In') return wanted.values.includes(code);
  return wanted.operator === 'NotIn' && !wanted.values.includes(code);
}
