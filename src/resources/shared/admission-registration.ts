/** Defaults and checks of the kinds that register admission. pkg/apis/admissionregistration/{v1,validation}. */
import type * as t from '../../api/generated/types.ts';
import { duplicate, invalid, path, required, type FieldError } from '../../api/field-errors.ts';
import { dns1123SubdomainFaults } from '../../api/names.ts';
import { oneOf, optionalOneOf } from './checks.ts';
import { checked } from './names.ts';

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

export function webhookErrors(webhooks: readonly Webhook[] | undefined): FieldError[] {
  const list = webhooks ?? [];
  return list.flatMap((webhook, index) => {
    const at = path('webhooks').index(index);
    const { clientConfig, name, timeoutSeconds, sideEffects, admissionReviewVersions } = webhook;
    const faults =
      name.split('.').length < 3
        ? [invalid(at.child('name'), name, 'should be a domain with at least three segments separated by dots')]
        : [];
    faults.push(...checked(at.child('name'), name, dns1123SubdomainFaults));
    if (list.findIndex((other) => other.name === name) < index) faults.push(duplicate(at.child('name'), name));
    if (admissionReviewVersions.length === 0) faults.push(required(at.child('admissionReviewVersions'), 'must specify one of v1, v1beta1'));
    faults.push(...oneOf(at.child('sideEffects'), sideEffects, ['None', 'NoneOnDryRun']));
    faults.push(...optionalOneOf(at.child('failurePolicy'), webhook.failurePolicy, ['Fail', 'Ignore']));
    faults.push(...optionalOneOf(at.child('matchPolicy'), webhook.matchPolicy, ['Equivalent', 'Exact']));
    if (timeoutSeconds !== undefined && (timeoutSeconds > 30 || timeoutSeconds < 1)) {
      faults.push(invalid(at.child('timeoutSeconds'), timeoutSeconds, 'the timeout value must be between 1 and 30 seconds'));
    }
    if ((clientConfig.url === undefined) === (clientConfig.service === undefined)) {
      faults.push(required(at.child('clientConfig'), 'exactly one of url or service is required'));
    }
    return faults;
  });
}
