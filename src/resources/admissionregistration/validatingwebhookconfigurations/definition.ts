import type { ValidatingWebhookConfiguration } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { defaultWebhooks, staticSuffixWarnings } from '../../shared/admission-registration.ts';
import { webhookErrors } from '../../shared/admission/webhooks.ts';
import { age, integer, name } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { countsGenerationExactly } from '../../shared/strategy.ts';

export const validatingwebhookconfigurations = define<ValidatingWebhookConfiguration>({
  ...fromFacts('admissionregistration.k8s.io', 'v1', 'validatingwebhookconfigurations'),
  strategy: {
    anyFinalizers: true,
    ...countsGenerationExactly<ValidatingWebhookConfiguration>(({ webhooks }) => webhooks),
    default({ webhooks }) {
      defaultWebhooks(webhooks);
    },
    validate: ({ webhooks }) => webhookErrors(webhooks),
    warnings: staticSuffixWarnings,
    allowUnconditionalUpdate: false,
  },
  columns: [name, integer('Webhooks', ({ webhooks }) => webhooks?.length), age],
});
