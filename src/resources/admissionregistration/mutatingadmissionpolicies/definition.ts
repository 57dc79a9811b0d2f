import type { MutatingAdmissionPolicy } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const mutatingadmissionpolicies = define<MutatingAdmissionPolicy>({
  ...fromFacts('admissionregistration.k8s.io', 'v1', 'mutatingadmissionpolicies'),
  strategy: {},
  columns: nameAndAge,
});
