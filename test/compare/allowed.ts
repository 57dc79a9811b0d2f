/** Every difference from the real server that is meant, each with its reason. The aim is fewer than ten. */
export interface Allowed {
  readonly reason: string;
  /** Cases it may be found in. */
  readonly cases: RegExp;
  /** Lines of differences (`METHOD path: field: ours … real …`) that it explains. */
  readonly lines: RegExp;
}

const everywhere = /./;

export const allowed: readonly Allowed[] = [
  {
    reason: 'a patched document that cannot be read is shown with its fields in our order, not in the order of Go structs and maps',
    cases: everywhere,
    lines: /^PATCH .*body\.message: from character \d+ ours …s invalid: patch: Invalid value: /,
  },
  {
    reason: 'empty maps and lists that may be left out are dropped when read, so texts show null where upstream shows {} or []',
    cases: everywhere,
    lines: /body\.message: (?=.*ours .*(?:: null|\[\]|\{\}))(?=.*real .*(?:: \{\}|: \[\]|: null))/,
  },
  {
    reason: 'a required list that is empty is served as [] where upstream makes it null on the way through its storage',
    cases: everywhere,
    lines: /body\.[\w.[\]]+: ours \[\] real null$/,
  },
  {
    reason: 'CEL expressions are not compiled yet',
    cases: /^(validatingadmissionpolicies|mutatingadmissionpolicies|deviceclasses|resourceclaims|resourceclaimtemplates)\//,
    lines: /[Ee]xpression: (?:Invalid value|Required value)[\s\S]*(?:compilation failed|must evaluate to|undeclared reference)/,
  },
  {
    reason: "upstream's rows of IPAddresses have an age for which there is no column",
    cases: /^(content\/)?ipaddresses/,
    lines: /cells\[2\]: ours nothing/,
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
    reason: 'the annotation of a daemon set with its template generation is there also where only metadata is shown',
    cases: /^content\/daemonsets$/,
    lines: /metadata\.annotations: ours \{"deprecated\.daemonset\.template\.generation":"1"\} real nothing/,
  },
];

/** Why the difference is meant; undefined: it is not. */
export function reasonFor(name: string, line: string): string | undefined {
  return allowed.find((one) => one.cases.test(name) && one.lines.test(line))?.reason;
}
