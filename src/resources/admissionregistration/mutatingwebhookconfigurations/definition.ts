import type { MutatingWebhookConfiguration } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const mutatingwebhookconfigurations = define<MutatingWebhookConfiguration>({
  ...fromFacts('admissionregistration.k8s.io', 'v1', 'mutatingwebhookconfigurations'),
  strategy: {},
  columns: nameAndAge,
});
