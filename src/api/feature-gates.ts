/** Features that upstream's 1.36 has but leaves off, and that can be turned on here (pkg/features/kube_features.go). */
export const featureGates = ['MaxUnavailableStatefulSet'] as const;

export type FeatureGate = (typeof featureGates)[number];

/** Reads `NAME=true` or `NAME=false`. Throws an Error in upstream's words (component-base featuregate). */
export function parseFeatureGate(text: string): { readonly gate: FeatureGate; readonly on: boolean } {
  const [name = '', value, ...rest] = text.trim().split('=');
  if (value === undefined || rest.length > 0) throw new Error(`missing bool value for ${name}`);
  const gate = featureGates.find((known) => known === name);
  if (gate === undefined) throw new Error(`unrecognized feature gate: ${name} (there are: ${featureGates.join(', ')})`);
  if (value !== 'true' && value !== 'false') throw new Error(`invalid value of ${name}=${value}, must be true or false`);
  return { gate, on: value === 'true' };
}

/** Those that are on; of one gate named twice the last counts. Throws as {@link parseFeatureGate}. */
export function featureGatesOf(texts: readonly string[]): ReadonlySet<FeatureGate> {
  const states = new Map(texts.map((text) => parseFeatureGate(text)).map(({ gate, on }) => [gate, on]));
  return new Set([...states].flatMap(([gate, on]) => (on ? [gate] : [])));
}
