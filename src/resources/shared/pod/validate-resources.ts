/** ValidateContainerResourceRequirements and validatePodResourceRequirements. */
import type { Container } from '../../../api/generated/types.ts';
import {
  duplicate,
  forbiddenField,
  invalid,
  notFoundField,
  notSupported,
  required,
  type FieldError,
  type Path,
} from '../../../api/field-errors.ts';
import { dns1123LabelFaults } from '../../../api/names.ts';
import { isPodLevel } from '../../../api/pod-resources.ts';
import { parseQuantity, tryParseQuantity } from '../../../api/quantity.ts';
import { checked } from '../names.ts';
import { amountErrors, limitedResourceNameErrors, resourceNameErrors } from '../resource-names.ts';
import { entryOf } from '../../../api/entry-of.ts';

type Requirements = NonNullable<Container['resources']>;
type Claims = NonNullable<Requirements['claims']>;

const standard: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage']);
const hugePage = (name: string): boolean => name.startsWith('hugepages-');
/** Native resources may be promised twice; extended ones and huge pages may not. */
const overcommits = (name: string): boolean => !hugePage(name) && (!name.includes('/') || name.includes('kubernetes.io/'));

interface Surroundings {
  /** Names of the pod's resource claims. */
  readonly claims: ReadonlySet<string>;
  readonly faults: FieldError[];
  /** What a pod asks for as a whole may be less. */
  readonly ofPod?: boolean;
}

export function resourceErrors(requirements: Requirements, at: Path, { claims, faults, ofPod = false }: Surroundings): void {
  const { limits = {}, requests = {} } = requirements;
  for (const name in limits) {
    const limit = limits[name] ?? '0';
    itemErrors(name, limit, { at: at.child('limits').key(name), faults, ofPod });
    if (hugePage(name)) faults.push(...pageErrors(name, limit, at.child('limits').key(name)));
  }
  for (const name in requests) {
    const request = requests[name] ?? '0';
    itemErrors(name, request, { at: at.child('requests').key(name), faults, ofPod });
    faults.push(...boundErrors(name, { request, limit: entryOf(limits, name) }, at));
    if (hugePage(name)) faults.push(...pageErrors(name, request, at.child('requests').key(name)));
  }
  const all = [...Object.keys(limits), ...Object.keys(requests)];
  if (all.some(hugePage) && !all.includes('cpu') && !all.includes('memory'))
    faults.push(forbiddenField(at, 'HugePages require cpu or memory'));
  if (requirements.claims !== undefined) faults.push(...claimErrors(requirements.claims, at.child('claims'), claims));
}

/** What is asked for lies within its limit, and is the limit where nothing is promised twice. */
function boundErrors(name: string, { request, limit }: { request: string; limit: string | undefined }, at: Path): FieldError[] {
  if (limit === undefined)
    return overcommits(name) ? [] : [required(at.child('limits'), 'Limit must be set for non overcommitable resources')];
  if (limit === request) return [];
  const [asked, bound] = [parseQuantity(request), parseQuantity(limit)];
  const order = asked.compare(bound);
  const fault = (how: string): FieldError[] => [
    invalid(at.child('requests'), asked.toString(), `must be ${how} ${name} limit of ${bound.toString()}`),
  ];
  if (order !== 0 && !overcommits(name)) return fault('equal to');
  return order > 0 ? fault('less than or equal to') : [];
}

function itemErrors(name: string, amount: string, { at, faults, ofPod }: { at: Path; faults: FieldError[]; ofPod: boolean }): void {
  if (ofPod ? !isPodLevel(name) : !standard.has(name))
    faults.push(...(ofPod ? podNameErrors(name, at) : limitedResourceNameErrors(at, name, 'Container')));
  faults.push(...amountErrors(at, name, amount));
}

/** validatePodResourceName. */
function podNameErrors(name: string, at: Path): FieldError[] {
  const faults = resourceNameErrors(at, name);
  return faults.length > 0 ? faults : [notSupported(at, name, ['cpu', 'hugepages-', 'memory'])];
}

/** validateResourceQuantityHugePageValue: whole pages only. */
function pageErrors(name: string, amount: string, at: Path): FieldError[] {
  const [quantity, page] = [parseQuantity(amount), tryParseQuantity(name.slice('hugepages-'.length))];
  const whole = page !== undefined && page.sign > 0 && page.milliValue() % 1000 === 0 && quantity.value() % page.value() === 0;
  const text = quantity.toString();
  return whole ? [] : [invalid(at, text, `${text} is not positive integer multiple of ${name}`)];
}

/** validateResourceClaimNames. */
function claimErrors(list: Claims, at: Path, claims: ReadonlySet<string>): FieldError[] {
  const seen = new Set<string>();
  const known = claims.size === 0 ? ' which is empty' : `: ${[...claims].sort().join(', ')}`;
  return list.flatMap(({ name, request = '' }, index) => {
    const own = at.index(index);
    if (name === '') return [required(own)];
    const faults: FieldError[] = [];
    if (seen.has(name)) faults.push(duplicate(own, name));
    else {
      if (request !== '') faults.push(...checked(own.child('request'), request, dns1123LabelFaults));
      const key = request === '' ? name : `${name}/${request}`;
      if (seen.has(key)) faults.push(duplicate(own, key));
      else if (request === '') faults.push(...[...seen].filter((other) => other.startsWith(`${name}/`)).map(() => duplicate(own, name)));
      seen.add(key);
    }
    if (claims.has(name)) return faults;
    const fault = notFoundField(own, name);
    return [...faults, { ...fault, body: `${fault.body}: must be one of the names in pod.spec.resourceClaims${known}` }];
  });
}
