/** validateCSIDriverSpec of pkg/apis/storage/validation. */
import type { CSIDriver } from '../../../api/generated/types.ts';
import { duplicate, invalid, notSupported, path, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { immutable, optionalOneOf } from '../../shared/checks.ts';

const at = path('spec');
const modes = ['Persistent', 'Ephemeral'];
const minTokenSeconds = 600;
const minPeriodSeconds = 10;
const tokensInSecrets =
  'spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes';

export function validateDriver({ spec }: CSIDriver): FieldError[] {
  const needed = [
    ['attachedRequired', spec.attachRequired],
    ['podInfoOnMount', spec.podInfoOnMount],
    ['storageCapacity', spec.storageCapacity],
  ] as const;
  const { tokenRequests = [], volumeLifecycleModes = [], nodeAllocatableUpdatePeriodSeconds: period, serviceAccountTokenInSecrets } = spec;
  return [
    ...needed.flatMap(([field, value]) => (value === undefined ? [required(at.child(field))] : [])),
    ...optionalOneOf(at.child('fsGroupPolicy'), spec.fsGroupPolicy, ['File', 'None', 'ReadWriteOnceWithFSType']),
    ...tokenRequests.flatMap((_, index) => tokenErrors(tokenRequests, index, at.child('tokenRequests').index(index))),
    ...volumeLifecycleModes.flatMap((mode) => (modes.includes(mode) ? [] : [notSupported(at.child('volumeLifecycleModes'), mode, modes)])),
    ...(period !== undefined && period < minPeriodSeconds
      ? [invalid(at.child('nodeAllocatableUpdatePeriodSeconds'), period, 'must be greater than or equal to 10 seconds')]
      : []),
    ...(serviceAccountTokenInSecrets !== undefined && tokenRequests.length === 0
      ? [
          invalid(
            at.child('serviceAccountTokenInSecrets'),
            serviceAccountTokenInSecrets,
            'serviceAccountTokenInSecrets is set but no tokenRequests are specified',
          ),
        ]
      : []),
  ];
}

function tokenErrors(all: NonNullable<CSIDriver['spec']['tokenRequests']>, index: number, own: Path): FieldError[] {
  const { audience = '', expirationSeconds: seconds } = all[index] ?? { audience: '' };
  if (all.findIndex((other) => other.audience === audience) < index) return [duplicate(own.child('audience'), audience)];
  if (seconds === undefined) return [];
  const field = own.child('expirationSeconds');
  if (seconds < minTokenSeconds) return [invalid(field, seconds, 'may not specify a duration less than 10 minutes')];
  return seconds > 2 ** 32 ? [invalid(field, seconds, 'may not specify a duration larger than 2^32 seconds')] : [];
}

export function validateDriverUpdate(driver: CSIDriver, old: CSIDriver): FieldError[] {
  return [
    ...validateDriver(driver),
    ...immutable(at.child('attachedRequired'), driver.spec.attachRequired, old.spec.attachRequired),
    ...immutable(at.child('volumeLifecycleModes'), driver.spec.volumeLifecycleModes, old.spec.volumeLifecycleModes),
  ];
}

/** Tokens that go to a driver in the volume's attributes may end up in its log. */
export function driverWarnings({ spec }: CSIDriver, old: CSIDriver | undefined): string[] {
  const unset = (spec.tokenRequests ?? []).length > 0 && spec.serviceAccountTokenInSecrets === undefined;
  const changed = old === undefined || JSON.stringify(spec.tokenRequests) !== JSON.stringify(old.spec.tokenRequests);
  return unset && changed ? [tokensInSecrets] : [];
}
