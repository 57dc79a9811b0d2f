/** What a pod asks for as a whole (component-helpers resource/helpers.go, PodRequests and PodLimits, from the spec alone). */
import type { Container, PodSpec } from './generated/types.ts';
import { parseQuantity, type Quantity } from './quantity.ts';

export type Amounts = Map<string, Quantity>;
type Texts = Readonly<Record<string, string | number>> | undefined;

/** Resources that may be given for the pod as a whole. */
export function isPodLevel(name: string): boolean {
  return name === 'cpu' || name === 'memory' || name.startsWith('hugepages-');
}

/** Containers side by side, or the greatest of the init containers; overhead is not in it. */
export function podRequests(spec: PodSpec): Amounts {
  return podAmounts(spec, 'requests');
}

export function podLimits(spec: PodSpec): Amounts {
  return podAmounts(spec, 'limits');
}

function podAmounts(spec: PodSpec, part: 'requests' | 'limits'): Amounts {
  const total: Amounts = new Map();
  for (const container of spec.containers) addTo(total, amountsOf(container, part));
  maxTo(total, initAmounts(spec.initContainers ?? [], part, total));
  for (const [name, text] of Object.entries((spec.resources?.[part] as Texts) ?? {}))
    if (isPodLevel(name)) total.set(name, parseQuantity(text));
  return total;
}

/** The most that is needed while init containers run; those that go on running (sidecars) are added to `total`. */
function initAmounts(containers: readonly Container[], part: 'requests' | 'limits', total: Amounts): Amounts {
  const most: Amounts = new Map();
  const sidecars: Amounts = new Map();
  for (const container of containers) {
    const own = amountsOf(container, part);
    if (container.restartPolicy === 'Always') {
      addTo(total, own);
      addTo(sidecars, own);
      maxTo(most, sidecars);
    } else {
      addTo(own, sidecars);
      maxTo(most, own);
    }
  }
  return most;
}

function amountsOf({ resources }: Container, part: 'requests' | 'limits'): Amounts {
  return parseAmounts(resources?.[part]);
}

/** Throws QuantityError. */
export function parseAmounts(texts: Texts): Amounts {
  return new Map(Object.entries(texts ?? {}).map(([name, text]) => [name, parseQuantity(text)]));
}

/** Adds `more` to `amounts`. */
export function addTo(amounts: Amounts, more: ReadonlyMap<string, Quantity>): void {
  for (const [name, quantity] of more) {
    const known = amounts.get(name);
    amounts.set(name, known === undefined ? quantity : known.add(quantity));
  }
}

/** Raises `amounts` to `other` where that is more. */
export function maxTo(amounts: Amounts, other: ReadonlyMap<string, Quantity>): void {
  for (const [name, quantity] of other) {
    const known = amounts.get(name);
    if (known === undefined || quantity.compare(known) > 0) amounts.set(name, quantity);
  }
}
