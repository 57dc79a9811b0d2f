import type { ValidatingWebhookConfiguration } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const validatingwebhookconfigurations = define<ValidatingWebhookConfiguration>({
  ...fromFacts('admissionregistration.k8s.io', 'v1', 'validatingwebhookconfigurations'),
  strategy: {},
  columns: nameAndAge,
});
