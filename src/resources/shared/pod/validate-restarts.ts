/** Rules of restarts. validateContainerRestartPolicy and validateResizePolicy of pkg/apis/core/validation/validation.go. */
import type { Container } from '../../../api/generated/types.ts';
import { duplicate, invalid, notSupported, required, tooMany, type FieldError, type Path } from '../../../api/field-errors.ts';

const policies = ['Always', 'Never', 'OnFailure'];
const actions = ['Restart', 'RestartAllContainers'];
const operators = ['In', 'NotIn'];
const mostRules = 20;
const mostExitCodes = 255;

export function restartPolicyErrors({ restartPolicy, restartPolicyRules = [] }: Container, at: Path): FieldError[] {
  const own = at.child('restartPolicy');
  if (restartPolicy === undefined && restartPolicyRules.length === 0) return [];
  const faults: FieldError[] = [];
  if (restartPolicy === undefined) faults.push(required(own, 'must specify restartPolicy when restart rules are used'));
  else if (!policies.includes(restartPolicy)) faults.push(notSupported(own, restartPolicy, policies));
  const rules = at.child('restartPolicyRules');
  if (restartPolicyRules.length > mostRules) faults.push(tooMany(rules, restartPolicyRules.length, mostRules));
  for (const [index, { action, exitCodes }] of restartPolicyRules.entries()) {
    const [rule, codes] = [rules.index(index), rules.index(index).child('exitCodes')];
    if (!actions.includes(action)) faults.push(notSupported(rule.child('action'), action ?? '', actions));
    if (exitCodes === undefined) {
      faults.push(required(codes, 'must be specified'));
      continue;
    }
    const { operator, values = [] } = exitCodes;
    if (!operators.includes(operator)) faults.push(notSupported(codes.child('operator'), operator ?? '', operators));
    if (values.length > mostExitCodes) faults.push(tooMany(codes.child('values'), values.length, mostExitCodes));
  }
  return faults;
}

/** Of an init container without a policy upstream looks no further. */
export function initRestartPolicyErrors(container: Container, at: Path): FieldError[] {
  if (container.restartPolicy !== undefined || (container.restartPolicyRules ?? []).length === 0) return restartPolicyErrors(container, at);
  return [required(at.child('restartPolicy'), 'must specify restartPolicy when restart rules are used')];
}

const resizable = ['cpu', 'memory'];
const resizePolicies = ['NotRequired', 'RestartContainer'];

/** Upstream names the list, not its item, for all but doubles. */
export function resizePolicyErrors(
  list: NonNullable<Container['resizePolicy']>,
  at: Path,
  podRestartPolicy: string | undefined,
): FieldError[] {
  const seen = new Set<string>();
  return list.flatMap(({ resourceName, restartPolicy }, index) => {
    const faults = seen.has(resourceName) ? [duplicate(at.index(index), resourceName)] : [];
    seen.add(resourceName);
    const known = (value: string, supported: readonly string[]): FieldError[] =>
      value === '' ? [required(at)] : supported.includes(value) ? [] : [notSupported(at, value, supported)];
    faults.push(...known(resourceName, resizable), ...known(restartPolicy, resizePolicies));
    if (podRestartPolicy === 'Never' && restartPolicy !== 'NotRequired')
      faults.push(invalid(at, restartPolicy, "must be 'NotRequired' when pod `restartPolicy` is 'Never'"));
    return faults;
  });
}
