/**
 * What names, label keys and other small texts may look like, each as a list of faults in upstream's words (empty: fine).
 * apimachinery pkg/util/validation/validation.go and pkg/api/validate/content of Kubernetes 1.36.
 */

const dns1123Label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const dns1123Subdomain = `${dns1123Label}(\\.${dns1123Label})*`;
const underscoreLabel = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const underscoreSubdomain = `${underscoreLabel}(\\.${underscoreLabel})*`;
const dns1035Label = '[a-z]([-a-z0-9]*[a-z0-9])?';
const wildcardSubdomain = `\\*\\.${dns1123Subdomain}`;
const labelKey = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const labelValue = `(${labelKey})?`;
const cIdentifier = '[A-Za-z_][A-Za-z0-9_]*';
const percent = '[0-9]+%';
const httpHeaderName = '[-A-Za-z0-9]+';
const environmentName = '[-._a-zA-Z][-._a-zA-Z0-9]*';
const configMapKey = '[-._a-zA-Z0-9]+';
const conditionReason = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?';

/** A pattern with what upstream says when a text does not match it. */
interface Rule {
  readonly pattern: RegExp;
  readonly message: string;
}

function rule(source: string, message: string, ...examples: string[]): Rule {
  return { pattern: new RegExp(`^(?:${source})$`), message: regexFault(message, source, ...examples) };
}

/** `MESSAGE (e.g. 'a',  or 'b', regex used for validation is 'SOURCE')`, with upstream's two blanks. */
export function regexFault(message: string, source: string, ...examples: string[]): string {
  if (examples.length === 0) return `${message} (regex used for validation is '${source}')`;
  return `${message} (e.g. ${examples.map((example) => `'${example}', `).join(' or ')}regex used for validation is '${source}')`;
}

const labelRule = rule(
  dns1123Label,
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  'my-name',
  '123-abc',
);
const subdomainRule = rule(
  dns1123Subdomain,
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  'example.com',
);
const underscoreRule = rule(
  underscoreSubdomain,
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
  'example.com',
);
const dns1035Rule = rule(
  dns1035Label,
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  'my-name',
  'abc-123',
);
const wildcardRule = rule(
  wildcardSubdomain,
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
  '*.example.com',
);
const labelKeyRule = rule(
  labelKey,
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  'MyName',
  'my.name',
  '123-abc',
);
const labelValueRule = rule(
  labelValue,
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  'MyValue',
  'my_value',
  '12345',
);
const cIdentifierRule = rule(
  cIdentifier,
  "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
  'my_name',
  'MY_NAME',
  'MyName',
);
const percentRule = rule(percent, "a valid percent string must be a numeric string followed by an ending '%'", '1%', '93%');
const headerRule = rule(httpHeaderName, "a valid HTTP header must consist of alphanumeric characters or '-'", 'X-Header-Name');
const environmentRule = rule(
  environmentName,
  "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit",
  'my.env-name',
  'MY_ENV.NAME',
  'MyEnvName1',
);
const configMapKeyRule = rule(
  configMapKey,
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  'key.name',
  'KEY_NAME',
  'key-name',
);
const conditionReasonRule = rule(
  conditionReason,
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'",
  'my_name',
  'MY_NAME',
  'MyName',
  'ReasonA,ReasonB',
  'ReasonA:ReasonB',
);

export const maxLabelLength = 63;
export const maxSubdomainLength = 253;
/** What a name that its own rule calls empty is told. */
export const emptyFault = 'must be non-empty';

/** Go counts bytes. */
function longerThan(text: string, max: number): boolean {
  return text.length > max || (text.length * 3 > max && Buffer.byteLength(text) > max);
}

export function maxLengthFault(max: number): string {
  return `must be no more than ${max} characters`;
}
/** The same for label keys and values, where upstream speaks of bytes. */
export function maxBytesFault(max: number): string {
  return `must be no more than ${max} bytes`;
}
export function rangeFault(low: number, high: number): string {
  return `must be between ${low} and ${high}, inclusive`;
}

function bounded(text: string, max: number, { pattern, message }: Rule): string[] {
  const tooLong = longerThan(text, max);
  if (!tooLong && pattern.test(text)) return [];
  return [...(tooLong ? [maxLengthFault(max)] : []), ...(pattern.test(text) ? [] : [message])];
}

function matching(text: string, { pattern, message }: Rule): string[] {
  return pattern.test(text) ? [] : [message];
}

export function dns1123LabelFaults(text: string): string[] {
  const faults = bounded(text, maxLabelLength, labelRule);
  if (faults.at(-1) === labelRule.message && subdomainRule.pattern.test(text)) faults[faults.length - 1] = 'must not contain dots';
  return faults;
}

export function dns1123SubdomainFaults(text: string): string[] {
  return bounded(text, maxSubdomainLength, subdomainRule);
}

export function dns1123SubdomainWithUnderscoreFaults(text: string): string[] {
  return bounded(text, maxSubdomainLength, underscoreRule);
}

export function dns1035LabelFaults(text: string): string[] {
  return bounded(text, maxLabelLength, dns1035Rule);
}

export function wildcardSubdomainFaults(text: string): string[] {
  return bounded(text, maxSubdomainLength, wildcardRule);
}

/** A label key: `[PREFIX/]NAME`. Resource names, condition types, finalizers and taints have the same form. */
export function qualifiedNameFaults(text: string): string[] {
  const parts = text.split('/');
  if (parts.length > 2)
    return [`a valid label key ${labelKeyRule.message} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  const name = parts.at(-1) ?? '';
  const faults = parts.length === 2 ? prefixFaults(parts[0] ?? '') : [];
  if (name === '') faults.push(`name part ${emptyFault}`);
  else if (longerThan(name, maxLabelLength)) faults.push(`name part ${maxBytesFault(maxLabelLength)}`);
  if (!labelKeyRule.pattern.test(name)) faults.push(`name part ${labelKeyRule.message}`);
  return faults;
}

function prefixFaults(prefix: string): string[] {
  if (prefix === '') return [`prefix part ${emptyFault}`];
  const faults: string[] = [];
  if (longerThan(prefix, maxSubdomainLength)) faults.push(`prefix part ${maxBytesFault(maxSubdomainLength)}`);
  if (!subdomainRule.pattern.test(prefix)) faults.push(`prefix part ${subdomainRule.message}`);
  return faults;
}

export function labelValueFaults(text: string): string[] {
  const faults = longerThan(text, maxLabelLength) ? [maxBytesFault(maxLabelLength)] : [];
  return labelValueRule.pattern.test(text) ? faults : [...faults, labelValueRule.message];
}

export function cIdentifierFaults(text: string): string[] {
  return matching(text, cIdentifierRule);
}

export function percentFaults(text: string): string[] {
  return matching(text, percentRule);
}

export function httpHeaderNameFaults(text: string): string[] {
  return matching(text, headerRule);
}

export function conditionReasonFaults(text: string): string[] {
  return matching(text, conditionReasonRule);
}

export function portNumberFaults(port: number): string[] {
  return rangeFaults(port, 1, 65535);
}

export function rangeFaults(value: number, low: number, high: number): string[] {
  return value >= low && value <= high ? [] : [rangeFault(low, high)];
}

/** User and group ids. */
export function userIdFaults(id: number): string[] {
  return rangeFaults(id, 0, 2147483647);
}

/** A port's name (an IANA service name). */
export function portNameFaults(text: string): string[] {
  const faults: string[] = [];
  if (longerThan(text, 15)) faults.push(maxLengthFault(15));
  if (!/^[-a-z0-9]+$/.test(text)) faults.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(text)) faults.push('must contain at least one letter (a-z)');
  if (text.includes('--')) faults.push('must not contain consecutive hyphens');
  if (text.startsWith('-') || text.endsWith('-')) faults.push('must not begin or end with a hyphen');
  return faults;
}

export function environmentNameFaults(text: string): string[] {
  return [...matching(text, environmentRule), ...parentFaults(text)];
}

/** Environment names as they have been allowed since 1.34: any printable ASCII but `=`. */
export function relaxedEnvironmentNameFaults(text: string): string[] {
  const faults = text === '' ? [`environment variable name ${emptyFault}`] : [];
  if (/[^\x20-\x3c\x3e-\x7e]/.test(text))
    faults.push("a valid environment variable name must consist only of printable ASCII characters other than '='");
  return faults;
}

export function configMapKeyFaults(text: string): string[] {
  return [...bounded(text, maxSubdomainLength, configMapKeyRule), ...parentFaults(text)];
}

/** Names that would lead out of a directory. */
function parentFaults(text: string): string[] {
  if (text === '.' || text === '..') return [`must not be '${text}'`];
  return text.startsWith('..') ? ["must not start with '..'"] : [];
}

/** A name that becomes part of a URL's path (apimachinery pkg/api/validation/path). `prefix`: more will be appended to it. */
export function pathSegmentFaults(text: string, prefix = false): string[] {
  if (!prefix && (text === '.' || text === '..')) return [`may not be '${text}'`];
  return ['/', '%'].filter((character) => text.includes(character)).map((character) => `may not contain '${character}'`);
}

/** What a strategy's `validateName` gets when more will be appended: a trailing dash is fine then (apimachinery pkg/api/validation/generic.go). */
export function maskTrailingDash(text: string): string {
  return text.length > 1 && text.endsWith('-') ? `${text.slice(0, -2)}a` : text;
}

/** The name rule of most kinds, as a strategy's `validateName`. */
export function subdomainName(text: string, prefix: boolean): string[] {
  return dns1123SubdomainFaults(prefix ? maskTrailingDash(text) : text);
}

/** The name rule of namespaces and of kinds whose name becomes a DNS label. */
export function labelName(text: string, prefix: boolean): string[] {
  return dns1123LabelFaults(prefix ? maskTrailingDash(text) : text);
}

/** The name rule of kinds whose names are RFC 1035 labels. */
export function dns1035Name(text: string, prefix: boolean): string[] {
  return dns1035LabelFaults(prefix ? maskTrailingDash(text) : text);
}
