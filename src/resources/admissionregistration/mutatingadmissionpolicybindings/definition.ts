import type { MutatingAdmissionPolicyBinding } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const mutatingadmissionpolicybindings = define<MutatingAdmissionPolicyBinding>({
  ...fromFacts('admissionregistration.k8s.io', 'v1', 'mutatingadmissionpolicybindings'),
  strategy: {},
  columns: nameAndAge,
});
