/** Every difference from the real server that is meant, each with its reason. The aim is fewer than ten. */
export interface Allowed {
  readonly reason: string;
  /** Cases it may be found in. */
  readonly cases: RegExp;
  /** Lines of differences (`METHOD path: field: ours … real …`) that it explains. */
  readonly lines: RegExp;
  /** Both answers are the same but for this. */
  readonly but?: RegExp;
}

const everywhere = /./;

export const allowed: readonly Allowed[] = [
  {
    reason: 'empty maps and lists that may be left out are dropped when read: shown as null, and defaulted, where upstream keeps {} or []',
    cases: everywhere,
    lines: /body\.message: (?=.*ours .*(?:: ?null|\[\]|\{\}))(?=.*real .*(?:: ?\{\}|: ?\[\]|: ?null))/,
    but: /null|\[\]|\{\}/g,
  },
  {
    reason: 'CEL expressions are not compiled yet',
    cases: /^(?:(?:validating|mutating)(?:admissionpolicies|webhookconfigurations)|deviceclasses|resourceclaims|resourceclaimtemplates)\//,
    lines: /[Ee]xpression: (?:Invalid value|Required value)[\s\S]*(?:compilation failed|must evaluate to|undeclared reference)/,
  },
  {
    reason: 'OpenAPI v3 comes as JSON only: no client of today asks for its protobuf form',
    cases: /^documents\/openapi$/,
    lines: /\/openapi\/v3\/api\/v1: code: ours 406 real 200/,
  },
  {
    reason: 'a path that names no resource is a fault of the client, not of the server',
    cases: /^reads\/watch the old way$/,
    lines: /GET \/api\/v1\/watch: code: ours 400/,
  },
  {
    reason: 'custom resources and the aggregation layer, which finish what is created here, are for a later issue',
    cases: /^(content\/)?(customresourcedefinitions|apiservices)(\/|$)/,
    lines: everywhere,
  },
  {
    reason: 'what is no YAML is refused in the words of the parser here',
    cases: /^yaml\//,
    lines: /body\.message: ours "the object provided is unrecognized.*: yaml: .*real "the object provided is unrecognized.*: yaml: /,
  },
  {
    reason: 'parts that are not here (aggregation, custom resources, leases of servers) have no health checks',
    cases: /^url\/unknown-path$/,
    lines: /^GET \/: body\.paths\[/,
  },
];

/** Why the difference is meant; undefined: it is not. */
export function reasonFor(name: string, line: string): string | undefined {
  return allowed.find(({ cases, lines, but }) => cases.test(name) && lines.test(line) && (but === undefined || areSame(line, but)))?.reason;
}

/** Answers are cut where they are long: what is left of the shorter one counts. */
function areSame(line: string, but: RegExp): boolean {
  const [, ours = '', real = ''] = /ours (.*?) real (.*)$/s.exec(line) ?? [];
  const [left, right] = [ours, real].map((text) => text.replaceAll(but, '').replace(/[…"]+$/, ''));
  return left !== undefined && right !== undefined && (left.startsWith(right) || right.startsWith(left));
}
