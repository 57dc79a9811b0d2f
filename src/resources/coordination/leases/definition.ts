import type { Lease } from '../../../api/generated/types.ts';
import { invalid, path, required, type FieldError } from '../../../api/field-errors.ts';
import { define } from '../../../registry/definition.ts';
import { age, name, text } from '../../shared/columns.ts';
import { withoutDisabled } from '../../shared/disabled-fields.ts';
import { fromFacts } from '../../shared/facts.ts';

export const leases = define<Lease>({
  ...fromFacts('coordination.k8s.io', 'v1', 'leases'),
  strategy: {
    anyFinalizers: true,
    namesOnCreateOnly: true,
    ...withoutDisabled<Lease>(dropCoordination),
    validate,
    validateUpdate: validate,
    allowCreateOnUpdate: true,
    allowUnconditionalUpdate: false,
  },
  columns: [name, text('Holder', ({ spec }) => spec?.holderIdentity ?? ''), age],
});

/** ValidateLeaseSpec (pkg/apis/coordination/validation). */
function validate({ spec }: Lease): FieldError[] {
  const at = path('spec');
  const { leaseDurationSeconds, leaseTransitions, strategy, preferredHolder } = spec ?? {};
  const faults: FieldError[] = [];
  if (leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0)
    faults.push(invalid(at.child('leaseDurationSeconds'), leaseDurationSeconds, 'must be greater than 0'));
  if (leaseTransitions !== undefined && leaseTransitions < 0)
    faults.push(invalid(at.child('leaseTransitions'), leaseTransitions, 'must be greater than or equal to 0'));
  if ((preferredHolder ?? '') !== '' && (strategy ?? '') === '')
    faults.push(required(at.child('strategy'), 'must be specified when `preferredHolder` is set'));
  return faults;
}

/** CoordinatedLeaderElection is off (registry/coordination/lease/strategy.go). */
function dropCoordination({ spec }: Lease, old: Lease | undefined): void {
  if (spec === undefined) return;
  if (old?.spec?.strategy === undefined) delete spec.strategy;
  if (old?.spec?.preferredHolder === undefined) delete spec.preferredHolder;
}
