/**
 * ValidateJobUpdateStatus of pkg/apis/batch/validation, with the options of pkg/registry/batch/job/strategy.go: what a Job's status may become,
 * whoever controls it. Most rules look only at what a write changes, so that a status that was wrong before can still be written.
 */
import type { Job } from '../../../api/generated/types.ts';
import { duplicate, invalid, invalidWithoutValue, path, required, type FieldError } from '../../../api/field-errors.ts';
import { semanticEqual } from '../../../api/json.ts';
import { nonNegative } from '../../shared/checks.ts';
import { countIndexes, overlapOf } from './indexes.ts';

const at = path('status');
const conditions = at.child('conditions');

/** What the rules ask of a status again and again. */
interface State {
  readonly status: Job['status'];
  is(type: string): boolean;
  readonly complete: boolean;
  readonly failed: boolean;
  readonly finished: boolean;
}

function stateOf({ status }: Job): State {
  const is = (type: string): boolean => status.conditions?.some((one) => one.type === type && one.status === 'True') === true;
  const [complete, failed] = [is('Complete'), is('Failed')];
  return { status, is, complete, failed, finished: complete || failed };
}

export function jobStatusErrors(job: Job, old: Job): FieldError[] {
  const [now, before] = [stateOf(job), stateOf(old)];
  return [
    ...countErrors(job),
    ...conditionErrors(now, before),
    ...finishedErrors(job, now, before),
    ...indexErrors(job, old),
    ...readyErrors(now, before),
    ...criteriaErrors(job, now),
    ...transitionErrors(job, now, before),
  ];
}

const changes = (now: State, before: State, field: keyof Job['status']): boolean => !semanticEqual(now.status[field], before.status[field]);

function countErrors({ status }: Job): FieldError[] {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  const seen = new Set<string>();
  const uids = (list: readonly string[], name: string): FieldError[] =>
    list.flatMap((uid, index) => {
      const own = at.child('uncountedTerminatedPods', name).index(index);
      if (uid === '') return [invalid(own, uid, 'must not be empty')];
      return seen.size < seen.add(uid).size ? [] : [duplicate(own, uid)];
    });
  return [
    ...(['active', 'succeeded', 'failed', 'ready', 'terminating'] as const).flatMap((field) => nonNegative(at.child(field), status[field])),
    ...uids(succeeded, 'succeeded'),
    ...uids(failed, 'failed'),
  ];
}

function conditionErrors(now: State, before: State): FieldError[] {
  const { status, complete, failed } = now;
  const faults: FieldError[] = [];
  const [completeChanged, failedChanged] = [complete !== before.complete, failed !== before.failed];
  const differs = (type: string): boolean => now.is(type) !== before.is(type);
  const completion = at.child('completionTime');
  const timed = changes(now, before, 'completionTime');
  if ((completeChanged || failedChanged) && complete && failed)
    faults.push(invalidWithoutValue(conditions, 'cannot set Complete=True and Failed=true conditions'));
  if ((completeChanged || differs('FailureTarget')) && complete && now.is('FailureTarget'))
    faults.push(invalidWithoutValue(conditions, 'cannot set Complete=True and FailureTarget=true conditions'));
  if (completeChanged || timed) {
    if (status.completionTime !== undefined && !complete)
      faults.push(invalid(completion, status.completionTime, 'cannot set completionTime when there is no Complete=True condition'));
    if (status.completionTime === undefined && complete) faults.push(required(completion, 'completionTime is required for Complete jobs'));
  }
  if ((timed || changes(now, before, 'startTime')) && Date.parse(status.completionTime ?? '') < Date.parse(status.startTime ?? ''))
    faults.push(invalid(completion, status.completionTime, 'must be equal to or after `startTime`'));
  if ((failedChanged || changes(now, before, 'failedIndexes')) && failed && !now.is('FailureTarget'))
    faults.push(invalidWithoutValue(conditions, 'cannot set Failed=True condition without the FailureTarget=true condition'));
  if ((completeChanged || differs('SuccessCriteriaMet')) && complete && !now.is('SuccessCriteriaMet'))
    faults.push(invalidWithoutValue(conditions, 'cannot set Complete=True condition without the SuccessCriteriaMet=true condition'));
  return faults;
}

function finishedErrors({ spec }: Job, now: State, before: State): FieldError[] {
  const { status, finished } = now;
  if (!finished) return [];
  const becomes = finished !== before.finished;
  const touched = (field: keyof Job['status']): boolean => becomes || changes(now, before, field);
  const { active = 0, startTime, uncountedTerminatedPods: uncounted } = status;
  const never = spec.suspend === true && spec.completions === 0;
  const isCounted = (uncounted?.failed ?? []).length + (uncounted?.succeeded ?? []).length === 0;
  return [
    ...(touched('active') && active > 0 ? [invalid(at.child('active'), active, 'active>0 is invalid for finished job')] : []),
    ...(touched('startTime') && !never && startTime === undefined
      ? [required(at.child('startTime'), 'startTime is required for finished job')]
      : []),
    ...(touched('uncountedTerminatedPods') && !isCounted
      ? [
          invalid(
            at.child('uncountedTerminatedPods'),
            { Succeeded: uncounted?.succeeded ?? null, Failed: uncounted?.failed ?? null },
            'must be empty for finished job',
          ),
        ]
      : []),
  ];
}

function indexErrors({ spec, status }: Job, old: Job): FieldError[] {
  const { completedIndexes = '', failedIndexes } = status;
  const { completions, backoffLimitPerIndex, completionMode } = spec;
  const [completed, failed] = [at.child('completedIndexes'), at.child('failedIndexes')];
  const doneChanged = completedIndexes !== (old.status.completedIndexes ?? '');
  const failedChanged = failedIndexes !== old.status.failedIndexes;
  const faultOf = (text: string): string | undefined => {
    const counted = completions === undefined ? 0 : countIndexes(text, completions);
    return typeof counted === 'string' ? counted : undefined;
  };
  const faults: FieldError[] = [];
  const wrongDone = doneChanged ? faultOf(completedIndexes) : undefined;
  if (wrongDone !== undefined) faults.push(invalid(completed, completedIndexes, `error parsing completedIndexes: ${wrongDone}`));
  const wrongFailed = failedChanged && backoffLimitPerIndex !== undefined ? faultOf(failedIndexes ?? '') : undefined;
  if (wrongFailed !== undefined) faults.push(invalid(failed, failedIndexes, `error parsing failedIndexes: ${wrongFailed}`));
  if (doneChanged && completedIndexes !== '' && completionMode !== 'Indexed')
    faults.push(invalid(completed, completedIndexes, 'cannot set non-empty completedIndexes when non-indexed completion mode'));
  if (failedIndexes === undefined) return faults;
  if (failedChanged && backoffLimitPerIndex === undefined)
    faults.push(invalid(failed, failedIndexes, 'cannot set non-null failedIndexes when backoffLimitPerIndex is null'));
  const both =
    (failedChanged || doneChanged) && completions !== undefined ? overlapOf(completedIndexes, failedIndexes, completions) : undefined;
  if (both !== undefined)
    faults.push(invalid(failed, failedIndexes, `failedIndexes and completedIndexes overlap at index: ${String(both)}`));
  return faults;
}

function readyErrors(now: State, before: State): FieldError[] {
  const { active = 0, ready, terminating = 0 } = now.status;
  const field = at.child('terminating');
  return [
    ...((now.finished !== before.finished || changes(now, before, 'terminating')) && terminating > 0 && now.finished
      ? [invalid(field, terminating, 'terminating>0 is invalid for finished job')]
      : []),
    ...((changes(now, before, 'ready') || changes(now, before, 'active')) && ready !== undefined && ready > active
      ? [invalid(at.child('ready'), ready, 'cannot set more ready pods than active')]
      : []),
  ];
}

function criteriaErrors({ spec }: Job, now: State): FieldError[] {
  const met = now.is('SuccessCriteriaMet');
  const faults: FieldError[] = [];
  if (met && now.failed) faults.push(invalidWithoutValue(conditions, 'cannot set SuccessCriteriaMet=True and Failed=true conditions'));
  if (met && now.is('FailureTarget'))
    faults.push(invalidWithoutValue(conditions, 'cannot set SuccessCriteriaMet=True and FailureTarget=true conditions'));
  if (spec.successPolicy !== undefined && !met && now.complete)
    faults.push(invalidWithoutValue(conditions, 'cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True'));
  return faults;
}

/** What cannot be taken back. */
function transitionErrors({ spec, status }: Job, now: State, before: State): FieldError[] {
  const old = before.status;
  const faults = ['Failed', 'Complete', 'FailureTarget']
    .filter((type) => before.is(type) && !now.is(type))
    .map((type) => invalidWithoutValue(conditions, `cannot disable the terminal ${type}=True condition`));
  const { failed = 0, succeeded = 0 } = status;
  if (failed < (old.failed ?? 0)) faults.push(invalid(at.child('failed'), failed, 'cannot decrease the failed counter'));
  const mayShrink = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism;
  if (!mayShrink && succeeded < (old.succeeded ?? 0))
    faults.push(invalid(at.child('succeeded'), succeeded, 'cannot decrease the succeeded counter'));
  if (status.completionTime !== undefined && old.completionTime !== undefined && changes(now, before, 'completionTime'))
    faults.push(invalid(at.child('completionTime'), status.completionTime, 'field is immutable'));
  const resumes =
    before.is('Suspended') && status.conditions?.some(({ type, status: value }) => type === 'Suspended' && value === 'False') === true;
  if (old.startTime !== undefined && changes(now, before, 'startTime') && !resumes && spec.suspend !== true)
    faults.push(invalid(at.child('startTime'), status.startTime ?? null, 'field is immutable for unsuspended job once set'));
  const met = now.is('SuccessCriteriaMet');
  if (before.is('SuccessCriteriaMet') && !met)
    faults.push(invalidWithoutValue(conditions, 'cannot disable the SuccessCriteriaMet=True condition'));
  if (before.complete && !before.is('SuccessCriteriaMet') && met)
    faults.push(invalidWithoutValue(conditions, 'cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions'));
  return faults;
}
