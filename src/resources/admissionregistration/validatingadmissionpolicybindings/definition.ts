import type { ValidatingAdmissionPolicyBinding } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const validatingadmissionpolicybindings = define<ValidatingAdmissionPolicyBinding>({
  ...fromFacts('admissionregistration.k8s.io', 'v1', 'validatingadmissionpolicybindings'),
  strategy: {},
  columns: nameAndAge,
});
