/** What may be reported of a pod. ValidatePodStatusUpdate and ValidatePodSpecificAnnotationUpdates of pkg/apis/core/validation. */
import type { Pod } from '../../../api/generated/types.ts';
import { duplicate, forbiddenField, internalField, invalid, path, type FieldError, type Path } from '../../../api/field-errors.ts';
import { legacyAddressFaults, parseAddress } from '../../../api/ip.ts';
import { dns1123SubdomainFaults, qualifiedNameFaults, userIdFaults } from '../../../api/names.ts';
import { immutable } from '../../shared/checks.ts';
import { familyOf } from '../../shared/ip.ts';
import { checked } from '../../shared/names.ts';
import { appArmorPrefix } from '../../shared/pod/validate-profiles.ts';

type Status = Pod['status'];

const at = path('status');
const annotationsAt = path('metadata', 'annotations');
const mirror = 'kubernetes.io/config.mirror';
const systemConditions: ReadonlySet<string> = new Set(['PodScheduled', 'Ready', 'Initialized']);

export function validatePodStatus(pod: Pod, old: Pod): FieldError[] {
  const { status } = pod;
  const { observedGeneration = 0 } = status;
  return [
    ...fixedAnnotationErrors(pod, old),
    ...conditionErrors(status.conditions ?? []),
    ...nominationErrors(status, old),
    ...(observedGeneration < 0 ? [invalid(at.child('observedGeneration'), observedGeneration, 'must be a non-negative integer')] : []),
    ...immutable(at.child('qosClass'), status.qosClass ?? '', old.status.qosClass ?? ''),
    ...claimStatusErrors(pod),
    ...podAddressErrors(status, old.status),
    ...hostAddressErrors(status, old.status),
    ...userErrors(pod),
  ];
}

/** Annotations that say how the pod runs stay as they came. */
export function fixedAnnotationErrors({ metadata: now }: Pod, { metadata: old }: Pod): FieldError[] {
  const [annotations, before] = [now.annotations ?? {}, old.annotations ?? {}];
  const fixed = (key: string): string | undefined =>
    key === mirror ? 'mirror pod annotation' : key.startsWith(appArmorPrefix) ? 'AppArmor annotations' : undefined;
  const faults: FieldError[] = [];
  for (const [key, value] of Object.entries(before)) {
    const what = fixed(key);
    if (what !== undefined && annotations[key] !== value)
      faults.push(forbiddenField(annotationsAt.key(key), `may not remove or update ${what}`));
  }
  for (const key of Object.keys(annotations)) {
    const what = fixed(key);
    if (what !== undefined && !Object.hasOwn(before, key)) faults.push(forbiddenField(annotationsAt.key(key), `may not add ${what}`));
  }
  return faults;
}

function conditionErrors(conditions: NonNullable<Status['conditions']>): FieldError[] {
  return conditions.flatMap(({ type, observedGeneration = 0 }, index) => {
    const own = at.child('conditions').index(index);
    return [
      ...(observedGeneration < 0 ? [invalid(own.child('observedGeneration'), observedGeneration, 'must be a non-negative integer')] : []),
      ...(systemConditions.has(type) ? [] : checked(own.child('Type'), type, qualifiedNameFaults)),
    ];
  });
}

function nominationErrors({ nominatedNodeName = '' }: Status, old: Pod): FieldError[] {
  if (nominatedNodeName === '' || nominatedNodeName === old.status.nominatedNodeName) return [];
  const own = at.child('nominatedNodeName');
  const bound = (old.spec.nodeName ?? '') !== '';
  return [
    ...checked(own, nominatedNodeName, dns1123SubdomainFaults),
    ...(bound ? [forbiddenField(own, 'may not be set on pods that are already bound to a node')] : []),
  ];
}

function claimStatusErrors({ spec, status }: Pod): FieldError[] {
  const seen = new Set<string>();
  return (status.resourceClaimStatuses ?? []).flatMap(({ name, resourceClaimName }, index) => {
    const own = at.child('resourceClaimStatuses').index(index);
    const faults: FieldError[] = [];
    if (!(spec.resourceClaims ?? []).some((claim) => claim.name === name))
      faults.push(invalid(own.child('name'), name, 'must match the name of an entry in `spec.resourceClaims`'));
    if (seen.has(name)) faults.push(duplicate(own.child('name'), name));
    seen.add(name);
    if (resourceClaimName !== undefined) faults.push(...checked(own.child('resourceClaimName'), resourceClaimName, dns1123SubdomainFaults));
    return faults;
  });
}

function podAddressErrors({ podIPs = [] }: Status, old: Status): FieldError[] {
  const field = at.child('podIPs');
  const known = (old.podIPs ?? []).map(({ ip }) => ip);
  const faults = podIPs.flatMap(({ ip }, index) => legacyAddressFaults(field.index(index), ip, known));
  return [...faults, ...familyErrors(podIPs, field)];
}

function hostAddressErrors({ hostIP, hostIPs = [] }: Status, old: Status): FieldError[] {
  const field = at.child('hostIPs');
  const [first] = hostIPs;
  if (first === undefined) return [];
  const known = (old.hostIPs ?? []).map(({ ip }) => ip);
  return [
    ...((hostIP ?? '') === first.ip ? [] : [invalid(field.index(0).child('ip'), first.ip, 'must be equal to `hostIP`')]),
    ...hostIPs.flatMap(({ ip }, index) => legacyAddressFaults(field.index(index), ip, known)),
    ...familyErrors(hostIPs, field),
  ];
}

/** At most one address of each family. */
function familyErrors(addresses: readonly { readonly ip: string }[], field: Path): FieldError[] {
  if (addresses.length < 2) return [];
  const wrong = addresses.findIndex(({ ip }) => parseAddress(ip) === undefined);
  const families = new Set(addresses.map(({ ip }) => familyOf(ip)));
  if (wrong < 0 && addresses.length === 2 && families.size === 2) return [];
  const shown = addresses.map(({ ip }) => ({ IP: ip }));
  const surplus = invalid(field, shown, 'may specify no more than one IP for each IP family');
  if (wrong < 0) return [surplus];
  const why = `failed to check for dual stack with error:invalid IP[${String(wrong)}]: ${addresses[wrong]?.ip ?? ''}`;
  return [internalField(field, why), surplus];
}

function userErrors({ spec, status }: Pod): FieldError[] {
  const windows = spec.os?.name === 'windows';
  return (['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const).flatMap((field) =>
    (status[field] ?? []).flatMap(({ user }, index) => {
      if (user?.linux === undefined) return [];
      const own = at.child(field).index(index).child('user', 'linux');
      if (windows) return [forbiddenField(own, 'cannot be set for a windows pod')];
      const { uid, gid, supplementalGroups = [] } = user.linux;
      const fault = (id: number, place: Path): FieldError[] => userIdFaults(id).map((why) => invalid(place, id, why));
      return [
        ...fault(uid, own.child('uid')),
        ...fault(gid, own.child('gid')),
        ...supplementalGroups.flatMap((group, place) => fault(group, own.child('supplementalGroups').index(place))),
      ];
    }),
  );
}
