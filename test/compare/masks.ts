/** Makes two answers comparable: what must differ between two servers becomes a fixed word, everything else stays. */
import { parseYaml } from '../../src/api/yaml.ts';
import type { Answer } from './target.ts';

const comparedHeaders = [
  'content-type',
  'warning',
  'cache-control',
  'allow',
  'www-authenticate',
  'x-content-type-options',
  'retry-after',
  'location',
  'vary',
  'content-encoding',
];
const maskedFields = new Set(['uid', 'resourceVersion', 'creationTimestamp', 'continue', 'clusterIP', 'nodePort', 'healthCheckNodePort']);
const noise: readonly (readonly [RegExp, string])[] = [
  // Ages in tables.
  [/^(\d{1,3}s|\d+m(\d+s)?)$/g, '<seconds>'],
  [/^\d{1,2}s$/, '<age>'],
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '<uid>'],
  [/\bkube-api-access-[a-z0-9]{5}\b/g, 'kube-api-access-<suffix>'],
  [/\b10\.43\.\d+\.\d+\b|\bfd43::[0-9a-f]+\b/g, '<service IP>'],
  [/(in record \(|current: )\d+/g, '$1<version>'],
  [/\b([Gg]en[-_])[a-z0-9]{5}\b/g, '$1<suffix>'],
  [/(nodePort: Duplicate value: |[nN]odePort\\*"?:)3[0-2]\d{3}/g, '$1<nodePort>'],
  [/(ResourceVersion in object meta: )\d+/g, '$1<version>'],
  // Documents inside of texts.
  [/(resourceVersion\\?":\\?")\d+/g, '$1<version>'],
  [/(UID in precondition: )[^,]*/g, '$1<uid>'],
];

export interface Comparable {
  readonly code: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** A watch's answer becomes a list of its events. */
export function comparable(answer: Answer, mask: readonly string[] = []): Comparable {
  const headers = Object.fromEntries(
    comparedHeaders.flatMap((name) => (answer.headers[name] === undefined ? [] : [[name, answer.headers[name]]])),
  );
  const body = oncePerCause(masked(parse(answer.text, answer.headers['content-type']), ''));
  for (const path of mask) maskPath(body, path.split('.'));
  return { code: answer.code, headers, body };
}

/** Upstream checks metadata two to four times, by kind, and repeats the cause as often: clients show it once. */
function oncePerCause(body: unknown): unknown {
  const { details } = (body ?? {}) as { details?: { causes?: unknown[] } };
  if (Array.isArray(details?.causes)) {
    const seen = new Set<string>();
    details.causes = details.causes.filter((cause) => seen.size < seen.add(JSON.stringify(cause)).size);
  }
  return body;
}

function parse(text: string, type = ''): unknown {
  if (type === 'application/yaml') return parseYaml(text);
  const json = (part: string): unknown => {
    try {
      return JSON.parse(part) as unknown;
    } catch {
      return part;
    }
  };
  const whole = json(text);
  if (typeof whole !== 'string' || !text.startsWith('{')) return whole;
  return text.trimEnd().split('\n').map(json);
}

function masked(value: unknown, field: string): unknown {
  if (typeof value === 'string' && value !== '') {
    if (maskedFields.has(field) && value !== 'None') return `<${field}>`;
    return noise.reduce((text, [pattern, word]) => text.replace(pattern, word), value);
  }
  if (typeof value === 'number' && value !== 0 && maskedFields.has(field)) return `<${field}>`;
  if (Array.isArray(value)) {
    if (field === 'managedFields')
      return value
        .filter(isOfRequests)
        .map(maskedManager)
        .sort((a, b) => (a < b ? -1 : 1));
    if (field === 'clusterIPs') return value.map((ip) => (ip === 'None' ? ip : '<ip>'));
    return value.map((element: unknown) => masked(element, ''));
  }
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value);
  if ('generateName' in value && typeof value.generateName === 'string') {
    const prefix = value.generateName;
    return Object.fromEntries(fields.map(([name, inner]) => [name, name === 'name' ? `${prefix}<suffix>` : masked(inner, name)]));
  }
  return Object.fromEntries(fields.map(([name, inner]) => [name, masked(inner, name)]));
}

/** The server's own writer of flow schemas comes when it comes. */
const isOfRequests = (entry: unknown): boolean => !isFields(entry) || entry['manager'] !== 'api-priority-and-fairness-config-consumer-v1';

/** As text: the order of fields counts. The order of managers depends on the second in which they wrote. */
function maskedManager(entry: unknown): string {
  if (!isFields(entry)) return JSON.stringify(entry);
  const time = 'time' in entry ? '<time>' : undefined;
  const { manager, operation, apiVersion, fieldsType, fieldsV1, subresource, time: _time, ...rest } = entry;
  return JSON.stringify({ manager, operation, apiVersion, subresource, time, fieldsType, fieldsV1, ...rest });
}

function maskPath(value: unknown, [first, ...rest]: readonly string[]): void {
  if (first === undefined || typeof value !== 'object' || value === null) return;
  const holder = value as Record<string, unknown>;
  for (const name of first === '*' ? Object.keys(holder) : [first]) {
    if (!(name in holder)) continue;
    if (rest.length === 0) holder[name] = '<masked>';
    else maskPath(holder[name], rest);
  }
}

/** Every place where the two differ, one line each: `path: ours ≠ real`. */
export function differences(ours: unknown, real: unknown, at = ''): string[] {
  if (isFields(ours) && isFields(real)) {
    const names = [...new Set([...Object.keys(real), ...Object.keys(ours)])];
    return names.flatMap((name) => differences(ours[name], real[name], at === '' ? name : `${at}.${name}`));
  }
  if (Array.isArray(ours) && Array.isArray(real)) {
    const longer: readonly unknown[] = ours.length > real.length ? ours : real;
    return longer.flatMap((_, index) => differences(ours[index], real[index], `${at}[${String(index)}]`));
  }
  const [left, right] = [show(ours), show(real)];
  if (left === right) return [];
  if (left.length < 160 || right.length < 160) return [`${at}: ours ${left} real ${right}`];
  let from = 0;
  while (left[from] === right[from]) from++;
  return [`${at}: from character ${String(from)} ours …${left.slice(Math.max(0, from - 40))} real …${right.slice(Math.max(0, from - 40))}`];
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
