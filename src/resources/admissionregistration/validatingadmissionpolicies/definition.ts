import type { ValidatingAdmissionPolicy } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { defaultMatch, staticSuffixWarnings } from '../../shared/admission-registration.ts';
import { policyStatusErrors, validatePolicy } from '../../shared/admission/policies.ts';
import { age, integer, name, text } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { specAndStatus } from '../../shared/strategy.ts';

export const validatingadmissionpolicies = define<ValidatingAdmissionPolicy>({
  ...fromFacts('admissionregistration.k8s.io', 'v1', 'validatingadmissionpolicies'),
  strategy: {
    anyFinalizers: true,
    statusKeeps: 'metadata',
    ...specAndStatus<ValidatingAdmissionPolicy>(),
    default({ spec }) {
      spec.failurePolicy ??= 'Fail';
      defaultMatch(spec.matchConstraints);
    },
    validate: validatePolicy,
    validateStatusUpdate: policyStatusErrors,
    warnings: staticSuffixWarnings,
    allowUnconditionalUpdate: false,
  },
  columns: [
    name,
    integer('Validations', ({ spec }) => spec.validations?.length),
    text('ParamKind', ({ spec }) =>
      spec.paramKind === undefined ? '<unset>' : `${spec.paramKind.apiVersion ?? ''}/${spec.paramKind.kind ?? ''}`,
    ),
    age,
  ],
});
