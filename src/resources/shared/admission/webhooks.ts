/** Webhooks of both kinds. pkg/apis/admissionregistration/validation and apiserver pkg/util/webhook/validation.go. */
import type { MutatingWebhook, ValidatingWebhook } from '../../../api/generated/types.ts';
import { duplicate, invalid, notSupported, path, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { dns1035LabelFaults, dns1123SubdomainFaults, portNumberFaults } from '../../../api/names.ts';
import { optionalOneOf } from '../checks.ts';
import { checked } from '../names.ts';
import { labelSelectorErrors } from '../selector-validation.ts';
import { conditionErrors, failurePolicies, matchPolicies, ruleErrors } from './rules.ts';

type Webhook = MutatingWebhook | ValidatingWebhook;
type Service = NonNullable<Webhook['clientConfig']['service']>;

const sideEffectClasses = ['None', 'NoneOnDryRun'];
const reviewVersions = ['v1', 'v1beta1'];

export function webhookErrors(webhooks: readonly Webhook[] | undefined): FieldError[] {
  const list = webhooks ?? [];
  return list.flatMap((webhook, index) => {
    const at = path('webhooks').index(index);
    const isTaken = webhook.name !== '' && list.findIndex((other) => other.name === webhook.name) < index;
    return [
      ...oneErrors(webhook, at),
      ...reviewVersionErrors(webhook.admissionReviewVersions, at.child('admissionReviewVersions')),
      ...(isTaken ? [duplicate(at.child('name'), webhook.name)] : []),
    ];
  });
}

function oneErrors(webhook: Webhook, at: Path): FieldError[] {
  const { sideEffects, timeoutSeconds: timeout, rules = [] } = webhook;
  const effects = at.child('sideEffects');
  const given = (sideEffects as string | null | undefined) ?? undefined;
  return [
    ...fullNameErrors(webhook.name, at.child('name')),
    ...rules.flatMap((rule, index) => ruleErrors(rule, at.child('rules').index(index))),
    ...optionalOneOf(at.child('failurePolicy'), webhook.failurePolicy, failurePolicies),
    ...optionalOneOf(at.child('matchPolicy'), webhook.matchPolicy, matchPolicies),
    ...(given === undefined
      ? [required(effects, `must specify one of ${sideEffectClasses.join(', ')}`)]
      : sideEffectClasses.includes(given)
        ? []
        : [notSupported(effects, given, sideEffectClasses)]),
    ...(timeout !== undefined && (timeout > 30 || timeout < 1)
      ? [invalid(at.child('timeoutSeconds'), timeout, 'the timeout value must be between 1 and 30 seconds')]
      : []),
    ...labelSelectorErrors(webhook.namespaceSelector, at.child('namespaceSelector')),
    ...labelSelectorErrors(webhook.objectSelector, at.child('objectSelector')),
    ...('reinvocationPolicy' in webhook
      ? optionalOneOf(at.child('reinvocationPolicy'), webhook.reinvocationPolicy, ['IfNeeded', 'Never'])
      : []),
    ...clientErrors(webhook.clientConfig, at.child('clientConfig')),
    ...conditionErrors(webhook.matchConditions, at.child('matchConditions')),
  ];
}

/** IsFullyQualifiedName. */
function fullNameErrors(name: string, at: Path): FieldError[] {
  if (name === '') return [required(at)];
  const faults = dns1123SubdomainFaults(name);
  if (faults.length > 0) return [invalid(at, name, faults.join(','))];
  return name.split('.').length < 3 ? [invalid(at, name, 'should be a domain with at least three segments separated by dots')] : [];
}

function reviewVersionErrors(versions: readonly string[], at: Path): FieldError[] {
  if (versions.length === 0) return [required(at, `must specify one of ${reviewVersions.join(', ')}`)];
  const faults = versions.flatMap((version, index) =>
    versions.indexOf(version) < index
      ? [invalid(at.index(index), version, 'duplicate version')]
      : checked(at.index(index), version, dns1035LabelFaults),
  );
  if (versions.some((version) => reviewVersions.includes(version))) return faults;
  return [...faults, invalid(at, versions, `must include at least one of ${reviewVersions.join(', ')}`)];
}

function clientErrors({ url, service }: Webhook['clientConfig'], at: Path): FieldError[] {
  if ((url === undefined) === (service === undefined)) return [required(at, 'exactly one of url or service is required')];
  if (url !== undefined) return urlErrors(url, at.child('url'));
  return service === undefined ? [] : serviceErrors(service, at.child('service'));
}

const form = '; desired format: https://host[/path]';

/** ValidateWebhookURL; what Go's url.Parse finds in the text. */
function urlErrors(url: string, at: Path): FieldError[] {
  const [, scheme = '', authority, query, fragment] =
    /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?[^?#]*(?:\?([^#]*))?(?:#(.*))?$/s.exec(url) ?? [];
  const [user, host = ''] = authority?.includes('@') === true ? authority.split('@') : [undefined, authority];
  return [
    ...(scheme.toLowerCase() === 'https' ? [] : [invalid(at, scheme.toLowerCase(), `'https' is the only allowed URL scheme${form}`)]),
    ...(host === '' ? [invalid(at, host, `host must be specified${form}`)] : []),
    ...(user === undefined ? [] : [invalid(at, user, 'user information is not permitted in the URL')]),
    ...((fragment ?? '') === '' ? [] : [invalid(at, fragment, 'fragments are not permitted in the URL')]),
    ...((query ?? '') === '' ? [] : [invalid(at, query, 'query parameters are not permitted in the URL')]),
  ];
}

/** ValidateWebhookService. Upstream's callers hand name and namespace over the wrong way round, and so do its answers. */
function serviceErrors({ name, namespace, path: urlPath = '', port = 443 }: Service, at: Path): FieldError[] {
  const ports = portNumberFaults(port);
  return [
    ...(namespace === '' ? [required(at.child('name'))] : []),
    ...(name === '' ? [required(at.child('namespace'))] : []),
    ...(ports.length === 0 ? [] : [invalid(at.child('port'), port, `port is not valid: ${ports.join(', ')}`)]),
    ...(urlPath === '' || urlPath === '/' ? [] : pathErrors(urlPath, at.child('path'))),
  ];
}

function pathErrors(urlPath: string, at: Path): FieldError[] {
  if (urlPath === '//') return [invalid(at, urlPath, 'segment[0] may not be empty')];
  const faults = urlPath.startsWith('/') ? [] : [invalid(at, urlPath, "must start with a '/'")];
  const steps = urlPath.slice(1).replace(/\/$/, '').split('/');
  return [
    ...faults,
    ...steps.flatMap((step, index) =>
      step === ''
        ? [invalid(at, urlPath, `segment[${String(index)}] may not be empty`)]
        : dns1123SubdomainFaults(step).map((fault) => invalid(at, urlPath, `segment[${String(index)}]: ${fault}`)),
    ),
  ];
}
