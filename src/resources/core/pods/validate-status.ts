/** What may be reported of a pod. ValidatePodStatusUpdate and ValidatePodSpecificAnnotationUpdates of pkg/apis/core/validation. */
import type { Pod } from '../../../api/generated/types.ts';
import {
  duplicate,
  forbiddenField,
  internalField,
  invalid,
  path,
  required,
  type FieldError,
  type Path,
} from '../../../api/field-errors.ts';
import { addressWarnings, legacyAddressFaults, parseAddress } from '../../../api/ip.ts';
import { dns1123LabelFaults, dns1123SubdomainFaults, qualifiedNameFaults } from '../../../api/names.ts';
import { immutable } from '../../shared/checks.ts';
import { familyOf } from '../../shared/ip.ts';
import { checked } from '../../shared/names.ts';
import { annotationsErrors } from '../../shared/pod/validate-pod.ts';
import { appArmorPrefix } from '../../shared/pod/validate-profiles.ts';
import { allocatedErrors, transitionErrors, userErrors } from './validate-container-statuses.ts';

type Status = Pod['status'];

const at = path('status');
const annotationsAt = path('metadata', 'annotations');
export const mirror = 'kubernetes.io/config.mirror';
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
    ...transitionErrors(pod, old),
    ...claimStatusErrors(pod),
    ...extendedClaimErrors(pod),
    ...podAddressErrors(status, old.status),
    ...hostAddressErrors(status, old.status),
    ...userErrors(pod),
    ...allocatedErrors(pod),
  ];
}

/** Annotations that say how the pod runs stay as they came (ValidatePodSpecificAnnotationUpdates, which asks the others again). */
export function fixedAnnotationErrors(pod: Pod, { metadata: old }: Pod): FieldError[] {
  const { metadata: now } = pod;
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
  return [...faults, ...annotationsErrors(pod)];
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

const placesOf = (field: string): string => `spec.initContainers.${field} or spec.containers.${field}`;

/** validatePodExtendedResourceClaimStatus. */
function extendedClaimErrors({ spec, status }: Pod): FieldError[] {
  const claim = status.extendedResourceClaimStatus;
  if (claim === undefined) return [];
  const field = at.child('extendedResourceClaimStatus');
  const { requestMappings: mappings, resourceClaimName } = claim;
  const containers = new Map([...(spec.initContainers ?? []), ...spec.containers].map((container) => [container.name, container]));
  const faults = mappings.length === 0 ? [required(field.child('requestMappings'), 'at least one request mapping is required')] : [];
  const seen = new Set<string>();
  for (const [index, { containerName, resourceName, requestName }] of mappings.entries()) {
    const own = field.child('requestMappings').index(index);
    const container = containers.get(containerName);
    if (container === undefined)
      faults.push(invalid(own.child('containerName'), containerName, `must match the name of an entry in ${placesOf('name')}`));
    else if (!Object.hasOwn(container.resources?.requests ?? {}, resourceName))
      faults.push(
        invalid(
          own.child('resourceName'),
          resourceName,
          `must match the extended resource name of an entry in ${placesOf('resources.requests')}`,
        ),
      );
    // Upstream names the whole, not the mapping.
    faults.push(...checked(field.child('requestName'), requestName, dns1123LabelFaults));
    const key = JSON.stringify([containerName, resourceName, requestName]);
    if (seen.has(key))
      faults.push(
        duplicate(own.child('containerName'), containerName),
        duplicate(own.child('resourceName'), resourceName),
        duplicate(own.child('requestName'), requestName),
      );
    seen.add(key);
  }
  const named = field.child('resourceClaimName');
  return [...faults, ...(resourceClaimName === '' ? [required(named)] : checked(named, resourceClaimName, dns1123SubdomainFaults))];
}

/** Addresses that old checks let pass. */
export function podStatusWarnings({ status }: Pod): string[] {
  return (['podIPs', 'hostIPs'] as const).flatMap((field) =>
    (status[field] ?? []).flatMap(({ ip }, index) => addressWarnings(at.child(field).index(index).child('ip'), ip)),
  );
}
