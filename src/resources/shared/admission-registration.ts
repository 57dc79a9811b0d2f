/** Defaults of the kinds that register admission. pkg/apis/admissionregistration/v1/defaults.go. */
import type * as t from '../../api/generated/types.ts';

type Webhook = t.MutatingWebhook | t.ValidatingWebhook;

export function defaultWebhooks(webhooks: readonly Webhook[] | undefined): void {
  for (const webhook of webhooks ?? []) {
    webhook.failurePolicy ??= 'Fail';
    webhook.matchPolicy ??= 'Equivalent';
    webhook.namespaceSelector ??= {};
    webhook.objectSelector ??= {};
    webhook.timeoutSeconds ??= 10;
    for (const rule of webhook.rules ?? []) rule.scope ??= '*';
    if (webhook.clientConfig.service !== undefined) webhook.clientConfig.service.port ??= 443;
  }
}

export function defaultMatch(match: t.MatchResources | undefined): void {
  if (match === undefined) return;
  match.matchPolicy ??= 'Equivalent';
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
  for (const rule of [...(match.resourceRules ?? []), ...(match.excludeResourceRules ?? [])]) rule.scope ??= '*';
}

const staticSuffix = '.static.k8s.io';

/** WarningsForStaticSuffix: what is registered by files has such names. */
export function staticSuffixWarnings({ metadata: { name } }: { readonly metadata: { readonly name: string } }): string[] {
  if (!name.endsWith(staticSuffix)) return [];
  const why = 'are reserved for static manifest-based configurations and cannot be managed via the API';
  return [`metadata.name: names ending with "${staticSuffix}" ${why}`];
}
