/** Who owns a claim, so that it goes with its set or with its pod: persistentVolumeClaimRetentionPolicy. Pure; statefulset/stateful_set_utils.go. */
import type { OwnerReference, PersistentVolumeClaim, Pod, StatefulSet } from '../../api/generated/types.ts';
import { refs } from '../../client/refs.ts';
import { controllerReference } from '../shared/owners.ts';
import { isInRange, parsePodName } from './identity.ts';

/** The set and the pod a claim is looked at for; a pod that does not exist yet has no uid. */
export interface Holders {
  readonly set: StatefulSet;
  readonly podName: string;
  readonly pod: Pod | undefined;
}

type References = readonly OwnerReference[];

/** Which of set and pod the policy makes the owner now. */
function wanted({ set, podName }: Holders): { readonly set: boolean; readonly pod: boolean } {
  const { whenDeleted = 'Retain', whenScaled = 'Retain' } = set.spec.persistentVolumeClaimRetentionPolicy ?? {};
  const scaledDown = whenScaled === 'Delete' && !isInRange(set, parsePodName(podName)?.ordinal ?? -1);
  return { set: whenDeleted === 'Delete' && !scaledDown, pod: scaledDown };
}

function retainsAlways(set: StatefulSet): boolean {
  const { whenDeleted = 'Retain', whenScaled = 'Retain' } = set.spec.persistentVolumeClaimRetentionPolicy ?? {};
  return whenDeleted === 'Retain' && whenScaled === 'Retain';
}

function names(reference: OwnerReference, apiVersion: string, kind: string, name: string): boolean {
  return reference.apiVersion === apiVersion && reference.kind === kind && reference.name === name;
}
const namesSet = (reference: OwnerReference, { set }: Holders): boolean => names(reference, 'apps/v1', 'StatefulSet', set.metadata.name);
const namesPod = (reference: OwnerReference, { podName }: Holders): boolean => names(reference, 'v1', 'Pod', podName);

/** Owned by an earlier pod of the name: the garbage collector is about to take the claim away. */
export function isOwnedByFormerPod(references: References, holders: Holders): boolean {
  const reference = references.find((one) => namesPod(one, holders));
  return reference !== undefined && reference.uid !== holders.pod?.metadata.uid;
}

function isOwnedByFormerSet(references: References, holders: Holders): boolean {
  const reference = references.find((one) => namesSet(one, holders));
  return reference !== undefined && reference.uid !== holders.set.metadata.uid;
}

/** Somebody else manages the claim: the policy does not count for it. */
export function hasOtherController(references: References, holders: Holders): boolean {
  if (retainsAlways(holders.set)) return false;
  return references.some((reference) => {
    if (namesSet(reference, holders)) return reference.uid !== holders.set.metadata.uid;
    if (namesPod(reference, holders)) return reference.uid !== holders.pod?.metadata.uid;
    return reference.controller === true;
  });
}

/** Whether the claim's owners are as the policy wants them, or not ours to change. */
export function isOwnerUpToDate(claim: PersistentVolumeClaim, holders: Holders): boolean {
  const references = claim.metadata.ownerReferences ?? [];
  if (isOwnedByFormerSet(references, holders) || isOwnedByFormerPod(references, holders)) return true;
  const setOwns = references.find(({ uid }) => uid === holders.set.metadata.uid);
  const podOwns = references.find(({ uid }) => uid === holders.pod?.metadata.uid);
  if (hasOtherController(references, holders)) return setOwns === undefined && podOwns === undefined;
  if ([setOwns, podOwns].some((reference) => reference !== undefined && reference.controller !== true)) return false;
  const want = wanted(holders);
  return (setOwns !== undefined) === want.set && (podOwns !== undefined) === want.pod;
}

/** The owner references a claim with these should have. */
export function ownersFor(before: References, holders: Holders): OwnerReference[] {
  const others = before.filter((reference) => !namesSet(reference, holders) && !namesPod(reference, holders));
  if (hasOtherController(before, holders)) return others;
  const want = wanted(holders);
  if (want.set) others.push(controllerReference(refs.statefulSets, holders.set));
  if (want.pod && holders.pod !== undefined) others.push(controllerReference(refs.pods, holders.pod));
  return others;
}

export function holdersOf(set: StatefulSet, pod: Pod): Holders {
  return { set, podName: pod.metadata.name, pod };
}

/** Claims can only be stale owing to a pod when pods may own them. */
export function deletesWhenScaled(set: StatefulSet): boolean {
  return (set.spec.persistentVolumeClaimRetentionPolicy?.whenScaled ?? 'Retain') !== 'Retain';
}
