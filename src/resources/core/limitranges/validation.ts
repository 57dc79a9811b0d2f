/** ValidateLimitRange. */
import type { LimitRange } from '../../../api/generated/types.ts';
import { duplicate, type FieldError, forbiddenField, invalid, path, type Path, required } from '../../../api/field-errors.ts';
import { qualifiedNameFaults } from '../../../api/names.ts';
import { parseQuantity, type Quantity } from '../../../api/quantity.ts';
import { limitedResourceNameErrors } from '../../shared/resource-names.ts';
import { entryOf } from '../../../api/entry-of.ts';

type Item = LimitRange['spec']['limits'][number];

const parts = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;
const types: ReadonlySet<string> = new Set(['Pod', 'Container', 'PersistentVolumeClaim']);

export function validateLimitRange({ spec }: LimitRange): FieldError[] {
  const at = path('spec', 'limits');
  const limits = (spec.limits as readonly Item[] | null) ?? [];
  return limits.flatMap((item, index) => {
    const own = at.index(index);
    const again = limits.findIndex(({ type }) => type === item.type) < index;
    return [
      ...typeErrors(item.type, own.child('type')),
      ...(again ? [duplicate(own.child('type'), item.type)] : []),
      ...itemErrors(item, own),
    ];
  });
}

function typeErrors(type: string, at: Path): FieldError[] {
  const faults = qualifiedNameFaults(type).map((fault) => invalid(at, type, fault));
  if (faults.length > 0 || type.includes('/') || types.has(type)) return faults;
  return [invalid(at, type, 'must be a standard limit type or fully qualified')];
}

function itemErrors(item: Item, at: Path): FieldError[] {
  const faults: FieldError[] = [];
  const names = new Set<string>();
  for (const part of parts) {
    const given = Object.keys(item[part] ?? {});
    if (item.type === 'Pod' && (part === 'default' || part === 'defaultRequest')) {
      if (given.length > 0) faults.push(forbiddenField(at.child(part), "may not be specified when `type` is 'Pod'"));
      continue;
    }
    if (part === 'maxLimitRequestRatio' && needsStorage(item))
      faults.push(required(at.child('limits'), 'either minimum or maximum storage value is required, but neither was provided'));
    for (const name of given) {
      faults.push(...limitedResourceNameErrors(at.child(part).key(name), name, item.type));
      names.add(name);
    }
  }
  for (const name of names) faults.push(...orderErrors(item, name, at));
  return faults;
}

function needsStorage({ type, min, max }: Item): boolean {
  return type === 'PersistentVolumeClaim' && min?.['storage'] === undefined && max?.['storage'] === undefined;
}

/** The amounts of one resource must be in order: min, default request, default, max. */
function orderErrors(item: Item, name: string, at: Path): FieldError[] {
  const amount = (part: (typeof parts)[number]): Quantity | undefined => {
    const text = item.type === 'Pod' && part.startsWith('default') ? undefined : entryOf(item[part], name);
    return text === undefined ? undefined : parseQuantity(text);
  };
  const [max, min, limit, request] = [amount('max'), amount('min'), amount('default'), amount('defaultRequest')];
  const faults: FieldError[] = [];
  const inOrder = (low: Quantity | undefined, high: Quantity | undefined, fault: Fault): void => {
    if (low === undefined || high === undefined || low.compare(high) <= 0) return;
    const why = `${fault.low} value ${low.toString()} is greater than ${fault.high} value ${high.toString()}`;
    faults.push(invalid(at.child(fault.at).key(name), (fault.shows === 'low' ? low : high).toString(), why));
  };
  inOrder(min, max, { at: 'min', low: 'min', high: 'max', shows: 'low' });
  inOrder(min, request, { at: 'defaultRequest', low: 'min', high: 'default request', shows: 'high' });
  inOrder(request, max, { at: 'defaultRequest', low: 'default request', high: 'max', shows: 'low' });
  inOrder(request, limit, { at: 'defaultRequest', low: 'default request', high: 'default limit', shows: 'low' });
  inOrder(min, limit, { at: 'default', low: 'min', high: 'default', shows: 'low' });
  inOrder(limit, max, { at: 'default', low: 'default', high: 'max', shows: 'high' });
  faults.push(...ratioErrors({ ratio: amount('maxLimitRequestRatio'), min, max }, at.child('maxLimitRequestRatio').key(name)));
  return faults;
}

interface Fault {
  readonly at: string;
  readonly low: string;
  readonly high: string;
  /** Which of the two is the faulty value. */
  readonly shows: 'low' | 'high';
}

type Ratio = Readonly<Record<'ratio' | 'min' | 'max', Quantity | undefined>>;

function ratioErrors({ ratio, min, max }: Ratio, at: Path): FieldError[] {
  if (ratio === undefined) return [];
  const text = ratio.toString();
  const faults = ratio.milliValue() < 1000 ? [invalid(at, text, `ratio ${text} is less than 1`)] : [];
  if (min === undefined || max === undefined) return faults;
  const most = max.milliValue() / min.milliValue();
  if (ratio.milliValue() / 1000 > most) faults.push(invalid(at, text, `ratio ${text} is greater than max/min = ${most.toFixed(6)}`));
  return faults;
}
