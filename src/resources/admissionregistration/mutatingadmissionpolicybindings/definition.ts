import type { MutatingAdmissionPolicyBinding } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { defaultMatch, staticSuffixWarnings } from '../../shared/admission-registration.ts';
import { validateMutatingBinding } from '../../shared/admission/policies.ts';
import { age, name, paramRefText, text } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { countsGeneration } from '../../shared/strategy.ts';

export const mutatingadmissionpolicybindings = define<MutatingAdmissionPolicyBinding>({
  ...fromFacts('admissionregistration.k8s.io', 'v1', 'mutatingadmissionpolicybindings'),
  strategy: {
    anyFinalizers: true,
    ...countsGeneration<MutatingAdmissionPolicyBinding>(),
    default: ({ spec }) => defaultMatch(spec.matchResources),
    validate: validateMutatingBinding,
    warnings: staticSuffixWarnings,
    allowUnconditionalUpdate: false,
  },
  columns: [
    name,
    text('PolicyName', ({ spec }) => spec.policyName ?? ''),
    text('ParamRef', ({ spec }) => paramRefText(spec.paramRef)),
    age,
  ],
});
