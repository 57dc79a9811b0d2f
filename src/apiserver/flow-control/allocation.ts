/** How seats are shared out when levels may borrow from each other (apiserver pkg/util/flowcontrol/conc_alloc.go). */

/** One level's claim; `target >= lower`, `upper >= lower >= 0`. */
export interface Claim {
  readonly target: number;
  readonly lower: number;
  readonly upper: number;
}

/** So that nobody's share is a share of nothing. */
const minTarget = 0.001;

const clamp = (value: number, { lower, upper }: Claim): number => Math.max(lower, Math.min(upper, value));

/**
 * Shares that add up to `sum`, each the same fraction of its target where its bounds allow; `fraction` is that. Undefined when
 * the bounds cannot add up to `sum`.
 */
export function allocate(sum: number, given: readonly Claim[]): { readonly shares: number[]; readonly fraction: number } | undefined {
  const claims = given.map((claim) => ({ ...claim, target: Math.max(claim.target, minTarget) }));
  const total = (fraction: number): number => claims.reduce((all, claim) => all + clamp(fraction * claim.target, claim), 0);
  const tolerance = 1e-7;
  if (total(0) - sum > tolerance || sum - total(Infinity) > tolerance) return undefined;
  if (sum === 0) return { shares: claims.map(() => 0), fraction: 0 };
  const fraction = fractionFor(sum, claims, total);
  return { shares: claims.map((claim) => clamp(fraction * claim.target, claim)), fraction };
}

/** The total grows with the fraction in straight pieces between the fractions at which some bound is met. */
function fractionFor(sum: number, claims: readonly Claim[], total: (fraction: number) => number): number {
  const bends = claims.flatMap(({ target, lower, upper }) => [lower / target, upper / target]).sort((a, b) => a - b);
  let low = bends[0] ?? 0;
  let totalLow = total(low);
  for (const bend of bends) {
    const totalBend = total(bend);
    if (totalBend >= sum) return totalBend === totalLow ? low : low + ((sum - totalLow) * (bend - low)) / (totalBend - totalLow);
    low = bend;
    totalLow = totalBend;
  }
  return low;
}
