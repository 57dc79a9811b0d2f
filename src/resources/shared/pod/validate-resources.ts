/** ValidateContainerResourceRequirements. */
import type { Container } from '../../../api/generated/types.ts';
import { duplicate, forbiddenField, invalid, notFoundField, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { qualifiedNameFaults } from '../../../api/names.ts';
import { parseQuantity } from '../../../api/quantity.ts';

type Requirements = NonNullable<Container['resources']>;

const standard = ['cpu', 'memory', 'ephemeral-storage'];
const notOfContainers = new Set([
  'storage',
  'pods',
  'services',
  'secrets',
  'configmaps',
  'replicationcontrollers',
  'resourcequotas',
  'persistentvolumeclaims',
]);
const hugePage = (name: string): boolean => name.startsWith('hugepages-');
/** Native resources may be promised twice; extended ones and huge pages may not. */
const overcommits = (name: string): boolean => !hugePage(name) && (!name.includes('/') || name.includes('kubernetes.io/'));

export function resourceErrors(
  requirements: Requirements,
  at: Path,
  { claims, faults }: { claims: ReadonlySet<string>; faults: FieldError[] },
): void {
  const { limits = {}, requests = {} } = requirements;
  for (const name in limits) amountErrors(name, limits[name] ?? '0', at.child('limits').key(name)).forEach((fault) => faults.push(fault));
  for (const name in requests) {
    const request = requests[name] ?? '0';
    amountErrors(name, request, at.child('requests').key(name)).forEach((fault) => faults.push(fault));
    const limit = limits[name];
    if (limit === undefined) {
      if (!overcommits(name)) faults.push(required(at.child('limits'), 'Limit must be set for non overcommitable resources'));
      continue;
    }
    if (limit === request) continue;
    const order = parseQuantity(request).compare(parseQuantity(limit));
    if (order !== 0 && !overcommits(name))
      faults.push(invalid(at.child('requests'), request, `must be equal to ${name} limit of ${limit}`));
    else if (order > 0) faults.push(invalid(at.child('requests'), request, `must be less than or equal to ${name} limit of ${limit}`));
  }
  const all = [...Object.keys(limits), ...Object.keys(requests)];
  if (all.some(hugePage) && !all.includes('cpu') && !all.includes('memory'))
    faults.push(forbiddenField(at, 'HugePages require cpu or memory'));
  if (requirements.claims !== undefined) claimErrors(requirements.claims, at.child('claims'), { claims, faults });
}

function amountErrors(name: string, amount: string, at: Path): FieldError[] {
  const faults = nameErrors(name, at);
  const quantity = parseQuantity(amount);
  if (quantity.sign < 0) faults.push(invalid(at, amount, 'must be greater than or equal to 0'));
  const whole = name.includes('/') && !name.includes('kubernetes.io/');
  if (whole && quantity.milliValue() % 1000 !== 0) faults.push(invalid(at, quantity.toString(), 'must be an integer'));
  return faults;
}

function nameErrors(name: string, at: Path): FieldError[] {
  if (standard.includes(name)) return [];
  const faults = qualifiedNameFaults(name).map((fault) => invalid(at, name, fault));
  if (faults.length > 0) return faults;
  if (!name.includes('/')) {
    if (hugePage(name)) return [];
    const known = notOfContainers.has(name) ? [] : [invalid(at, name, 'must be a standard resource type or fully qualified')];
    return [...known, invalid(at, name, 'must be a standard resource for containers')];
  }
  if (name.includes('kubernetes.io/')) return [];
  return name.startsWith('requests.') || name.length > 244 ? [invalid(at, name, "doesn't follow extended resource name standard")] : [];
}

function claimErrors(
  list: NonNullable<Requirements['claims']>,
  at: Path,
  { claims, faults }: { claims: ReadonlySet<string>; faults: FieldError[] },
): void {
  for (const [index, { name, request = '' }] of list.entries()) {
    const own = at.index(index);
    if (name === '') faults.push(required(own));
    else if (list.findIndex((other) => other.name === name && (other.request ?? '') === request) < index) faults.push(duplicate(own, name));
    else if (!claims.has(name)) faults.push(notFoundField(own.child('name'), name));
  }
}
