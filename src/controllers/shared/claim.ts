/** Adoption and release of dependents by their controller: pkg/controller/controller_ref_manager.go. */
import { isReason } from '../../api/errors.ts';
import type { LabelMatcher } from '../../api/label-selector.ts';
import type { Client, ResourceRef } from '../../client/client.ts';
import type { Cached } from '../../client/informer-store.ts';
import { controllerOf, controllerReference } from './owners.ts';

export type ClaimDecision = 'owned' | 'adopt' | 'release' | 'ignore';

/** What to do with one candidate. */
export function decideClaim(owner: Cached, object: Cached, matches: LabelMatcher): ClaimDecision {
  const controller = controllerOf(object);
  const deleting = owner.metadata.deletionTimestamp !== undefined;
  if (controller !== undefined) {
    if (controller.uid !== owner.metadata.uid) return 'ignore';
    if (matches(object.metadata.labels)) return 'owned';
    return deleting ? 'ignore' : 'release';
  }
  if (deleting || object.metadata.deletionTimestamp !== undefined || !matches(object.metadata.labels)) return 'ignore';
  return object.metadata.namespace === owner.metadata.namespace ? 'adopt' : 'ignore';
}

export interface ClaimOptions<O extends Cached, T extends Cached> {
  readonly client: Client;
  readonly owner: O;
  readonly ownerRef: ResourceRef<O>;
  readonly ref: ResourceRef<T>;
  readonly matches: LabelMatcher;
  /** What an object has to be besides matching the selector. */
  readonly filter?: (object: T) => boolean;
  /** Put on what is adopted, and taken off what is released. */
  readonly finalizer?: string;
}

/** Adopts and releases what has to be, and returns those that are the owner's now. The first failure is thrown after all were tried. */
export async function claim<O extends Cached, T extends Cached>(candidates: Iterable<T>, options: ClaimOptions<O, T>): Promise<T[]> {
  const claimed: T[] = [];
  const failures: unknown[] = [];
  let mayAdopt: Promise<void> | undefined;
  for (const object of candidates) {
    const fits = options.filter?.(object) ?? true;
    const decision = decideClaim(options.owner, object, fits ? options.matches : () => false);
    if (decision === 'owned') claimed.push(object);
    if (decision === 'owned' || decision === 'ignore') continue;
    try {
      if (decision === 'adopt') {
        await (mayAdopt ??= recheckDeletion(options));
        claimed.push(await adopt(object, options));
      } else await release(object, options);
    } catch (error) {
      if (!isReason(error, 'NotFound')) failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return claimed;
}

/** A live look before the first adoption: the cache may not know yet that the owner is going away. */
async function recheckDeletion<O extends Cached, T extends Cached>({ client, owner, ownerRef }: ClaimOptions<O, T>): Promise<void> {
  const { namespace = '', name, uid } = owner.metadata;
  const fresh = await client.resource(ownerRef).get(namespace, name);
  if (fresh.metadata.uid !== uid)
    throw new Error(`original ${ownerRef.kind} ${namespace}/${name} is gone: got uid ${fresh.metadata.uid}, wanted ${uid}`);
  if (fresh.metadata.deletionTimestamp !== undefined)
    throw new Error(`${namespace}/${name} has just been deleted at ${fresh.metadata.deletionTimestamp}`);
}

async function adopt<O extends Cached, T extends Cached>(object: T, options: ClaimOptions<O, T>): Promise<T> {
  const ownerReferences = [...(object.metadata.ownerReferences ?? []), controllerReference(options.ownerRef, options.owner)];
  const { finalizer } = options;
  const before = object.metadata.finalizers ?? [];
  const added = finalizer === undefined || before.includes(finalizer) ? {} : { finalizers: [...before, finalizer] };
  return patchOwners(object, { ownerReferences, ...added }, options);
}

async function release<O extends Cached, T extends Cached>(object: T, options: ClaimOptions<O, T>): Promise<void> {
  const uid = options.owner.metadata.uid;
  const left = object.metadata.ownerReferences?.filter((reference) => reference.uid !== uid) ?? [];
  const { finalizer } = options;
  const before = object.metadata.finalizers ?? [];
  const removed = finalizer === undefined || !before.includes(finalizer) ? {} : { finalizers: before.filter((one) => one !== finalizer) };
  await patchOwners(object, { ownerReferences: left.length === 0 ? null : left, ...removed }, options);
}

/** Whole lists go out, so the patch names the version it was made from. */
async function patchOwners<O extends Cached, T extends Cached>(
  object: T,
  metadata: { readonly ownerReferences: unknown; readonly finalizers?: readonly string[] },
  { client, ref }: ClaimOptions<O, T>,
): Promise<T> {
  const { namespace = '', name, uid, resourceVersion } = object.metadata;
  const body = { metadata: { uid, resourceVersion, ...metadata } };
  return client.resource(ref).patch(namespace, name, { type: 'application/merge-patch+json', body });
}
