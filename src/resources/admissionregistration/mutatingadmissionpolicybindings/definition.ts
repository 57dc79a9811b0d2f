import type { MutatingAdmissionPolicyBinding } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { defaultMatch } from '../../shared/admission-registration.ts';
import { validateMutatingBinding } from '../../shared/admission/policies.ts';
import { age, labelSelectorQuery, name, text } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { countsGeneration } from '../../shared/strategy.ts';

export const mutatingadmissionpolicybindings = define<MutatingAdmissionPolicyBinding>({
  ...fromFacts('admissionregistration.k8s.io', 'v1', 'mutatingadmissionpolicybindings'),
  strategy: {
    ...countsGeneration<MutatingAdmissionPolicyBinding>(),
    default: ({ spec }) => defaultMatch(spec.matchResources),
    validate: validateMutatingBinding,
    allowUnconditionalUpdate: false,
  },
  columns: [
    name,
    text('PolicyName', ({ spec }) => spec.policyName ?? ''),
    text('ParamRef', ({ spec: { paramRef } }) => {
      if ((paramRef?.name ?? '') !== '') return `${paramRef?.namespace || '*'}/${paramRef?.name ?? ''}`;
      return paramRef?.selector === undefined ? '<unset>' : labelSelectorQuery(paramRef.selector);
    }),
    age,
  ],
});
