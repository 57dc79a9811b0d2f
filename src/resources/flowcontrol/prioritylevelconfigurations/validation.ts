/** ValidatePriorityLevelConfigurationSpec of pkg/apis/flowcontrol/validation. */
import type { PriorityLevelConfiguration } from '../../../api/generated/types.ts';
import { forbiddenField, invalid, notSupported, path, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { mandatoryLevelErrors } from '../mandatory.ts';

type Spec = PriorityLevelConfiguration['spec'];
type Limited = NonNullable<Spec['limited']>;
type Queuing = NonNullable<NonNullable<Limited['limitResponse']>['queuing']>;

const at = path('spec');
const maxQueues = 10_000_000;
/** What a hash has for picking hands of queues (shufflesharding.MaxHashBits). */
const maxHashBits = 60;

/** Means something to an older version only. */
const preserveZero = 'flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares';

export function validatePriorityLevel(level: PriorityLevelConfiguration): FieldError[] {
  const { metadata, spec } = level;
  const { type, limited, exempt } = spec;
  const faults: FieldError[] = [];
  if (metadata.annotations?.[preserveZero] !== undefined)
    faults.push(forbiddenField(path('metadata', 'annotations'), `annotation '${preserveZero}' is forbidden`));
  if ((metadata.name === 'exempt') !== (type === 'Exempt'))
    faults.push(invalid(at.child('type'), type, "must be 'Exempt' if and only if `name` is 'exempt'"));
  if (type === 'Exempt') {
    if (limited !== undefined) faults.push(forbiddenField(at.child('limited'), 'must be nil if the type is not Limited'));
    if (exempt !== undefined) faults.push(...sharesErrors(exempt, at.child('exempt')), ...lendableErrors(exempt, at.child('exempt')));
  } else if (type === 'Limited') {
    if (exempt !== undefined) faults.push(forbiddenField(at.child('exempt'), 'must be nil if the type is Limited'));
    if (limited === undefined) faults.push(required(at.child('limited'), 'must not be empty when type is Limited'));
    else faults.push(...limitedErrors(limited, at.child('limited')));
  } else if (type === '') faults.push(required(at.child('type')));
  else faults.push(notSupported(at.child('type'), type, ['Exempt', 'Limited']));
  return [...faults, ...mandatoryLevelErrors(level)];
}

function sharesErrors({ nominalConcurrencyShares: shares = 0 }: Pick<Limited, 'nominalConcurrencyShares'>, own: Path): FieldError[] {
  return shares < 0 ? [invalid(own.child('nominalConcurrencyShares'), shares, 'must be a non-negative integer')] : [];
}

function lendableErrors({ lendablePercent: percent = 0 }: Pick<Limited, 'lendablePercent'>, own: Path): FieldError[] {
  return percent < 0 || percent > 100 ? [invalid(own.child('lendablePercent'), percent, 'must be between 0 and 100, inclusive')] : [];
}

function limitedErrors(limited: Limited, own: Path): FieldError[] {
  const { borrowingLimitPercent: borrowing = 0 } = limited;
  return [
    ...sharesErrors(limited, own),
    ...responseErrors(limited.limitResponse, own.child('limitResponse')),
    ...lendableErrors(limited, own),
    ...(borrowing < 0 ? [invalid(own.child('borrowingLimitPercent'), borrowing, 'if specified, must be a non-negative integer')] : []),
  ];
}

function responseErrors(response: Limited['limitResponse'], own: Path): FieldError[] {
  const { type = '', queuing } = response ?? {};
  const field = own.child('queuing');
  if (type === 'Reject')
    return queuing === undefined ? [] : [forbiddenField(field, 'must be nil if limited.limitResponse.type is not Limited')];
  if (type === 'Queue') {
    if (queuing !== undefined) return queuingErrors(queuing, field);
    return [required(field, 'must not be empty if limited.limitResponse.type is Limited')];
  }
  return type === '' ? [required(own.child('type'))] : [notSupported(own.child('type'), type, ['Queue', 'Reject'])];
}

function queuingErrors({ queueLengthLimit: length = 0, queues = 0, handSize = 0 }: Queuing, own: Path): FieldError[] {
  const faults = length <= 0 ? [invalid(own.child('queueLengthLimit'), length, 'must be positive')] : [];
  if (queues <= 0) faults.push(invalid(own.child('queues'), queues, 'must be positive'));
  else if (queues > maxQueues) faults.push(invalid(own.child('queues'), queues, `must not be greater than ${String(maxQueues)}`));
  const hand = own.child('handSize');
  if (handSize <= 0) faults.push(invalid(hand, handSize, 'must be positive'));
  else if (handSize > queues) faults.push(invalid(hand, handSize, `should not be greater than queues (${String(queues)})`));
  else if (entropyBits(queues, handSize) > maxHashBits) {
    const sizes = `deckSize ${String(queues)} and handSize ${String(handSize)}`;
    faults.push(invalid(hand, handSize, `required entropy bits of ${sizes} should not be greater than ${String(maxHashBits)}`));
  }
  return faults;
}

function entropyBits(deck: number, hand: number): number {
  return Math.ceil(Array.from({ length: hand }, (_, index) => Math.log2(deck - index)).reduce((sum, bits) => sum + bits, 0));
}
