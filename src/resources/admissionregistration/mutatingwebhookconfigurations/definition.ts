import type { MutatingWebhookConfiguration } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { defaultWebhooks, staticSuffixWarnings } from '../../shared/admission-registration.ts';
import { webhookErrors } from '../../shared/admission/webhooks.ts';
import { age, integer, name } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { countsGenerationExactly } from '../../shared/strategy.ts';

export const mutatingwebhookconfigurations = define<MutatingWebhookConfiguration>({
  ...fromFacts('admissionregistration.k8s.io', 'v1', 'mutatingwebhookconfigurations'),
  strategy: {
    anyFinalizers: true,
    ...countsGenerationExactly<MutatingWebhookConfiguration>(({ webhooks }) => webhooks),
    default({ webhooks }) {
      defaultWebhooks(webhooks);
      for (const webhook of webhooks ?? []) webhook.reinvocationPolicy ??= 'Never';
    },
    validate: ({ webhooks }) => webhookErrors(webhooks),
    warnings: staticSuffixWarnings,
    allowUnconditionalUpdate: false,
  },
  columns: [name, integer('Webhooks', ({ webhooks }) => webhooks?.length), age],
});
