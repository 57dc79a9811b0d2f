import type { ValidatingAdmissionPolicy } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const validatingadmissionpolicies = define<ValidatingAdmissionPolicy>({
  ...fromFacts('admissionregistration.k8s.io', 'v1', 'validatingadmissionpolicies'),
  strategy: {},
  columns: nameAndAge,
});
