import type { MutatingAdmissionPolicy } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { defaultMatch, staticSuffixWarnings } from '../../shared/admission-registration.ts';
import { validateMutatingPolicy } from '../../shared/admission/policies.ts';
import { age, integer, name, text } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { countsGeneration } from '../../shared/strategy.ts';

export const mutatingadmissionpolicies = define<MutatingAdmissionPolicy>({
  ...fromFacts('admissionregistration.k8s.io', 'v1', 'mutatingadmissionpolicies'),
  strategy: {
    anyFinalizers: true,
    ...countsGeneration<MutatingAdmissionPolicy>(),
    default({ spec }) {
      spec.failurePolicy ??= 'Fail';
      defaultMatch(spec.matchConstraints);
    },
    validate: validateMutatingPolicy,
    warnings: staticSuffixWarnings,
    allowUnconditionalUpdate: false,
  },
  columns: [
    name,
    integer('Mutations', ({ spec }) => spec.mutations?.length),
    text('ParamKind', ({ spec }) =>
      spec.paramKind === undefined ? '<unset>' : `${spec.paramKind.apiVersion ?? ''}/${spec.paramKind.kind ?? ''}`,
    ),
    age,
  ],
});
