/** Every difference from the real server that is meant, each with its reason. The aim is fewer than ten. */
export interface Allowed {
  readonly reason: string;
  /** Cases it may be found in. */
  readonly cases: RegExp;
  /** Lines of differences (`METHOD path: field: ours … real …`) that it explains. */
  readonly lines: RegExp;
}

export const allowed: readonly Allowed[] = [];

/** Why the difference is meant; undefined: it is not. */
export function reasonFor(name: string, line: string): string | undefined {
  return allowed.find((one) => one.cases.test(name) && one.lines.test(line))?.reason;
}
