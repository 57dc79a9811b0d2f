/** Which revision a StatefulSet is at and which it goes to: statefulset/stateful_set_control.go getStatefulSetRevisions, truncateHistory. */
import { isReason } from '../../api/errors.ts';
import type { ControllerRevision, Pod, StatefulSet } from '../../api/generated/types.ts';
import type { Client } from '../../client/client.ts';
import { refs } from '../../client/refs.ts';
import { holds, newRevision, sameData, sortRevisions } from '../shared/controller-revisions.ts';
import { revisionOf } from './identity.ts';

export interface Revisions {
  readonly current: ControllerRevision;
  readonly update: ControllerRevision;
  readonly collisionCount: number;
}

/** Finds or makes the revision of the set's template. An older one that says the same becomes the newest again. */
export async function resolveRevisions(client: Client, set: StatefulSet, known: Iterable<ControllerRevision>): Promise<Revisions> {
  const revisions = sortRevisions(known);
  const newest = revisions.at(-1);
  const next = (newest?.revision ?? 0) + 1;
  const currentOr = (update: ControllerRevision): ControllerRevision =>
    revisions.find(({ metadata }) => metadata.name === set.status.currentRevision) ?? update;
  const equal = revisions.filter((revision) => holds(revision, set.spec.template)).at(-1);
  if (equal === undefined) {
    const { revision, collisionCount } = await create(client, set, next);
    return { current: currentOr(revision), update: revision, collisionCount };
  }
  const isNewest = newest !== undefined && sameData(newest, equal);
  const update = isNewest ? newest : await client.resource(refs.controllerRevisions).update({ ...equal, revision: next });
  return { current: currentOr(update), update, collisionCount: set.status.collisionCount ?? 0 };
}

/** A name that is taken by another template makes another hash. */
async function create(
  client: Client,
  set: StatefulSet,
  revision: number,
): Promise<{ revision: ControllerRevision; collisionCount: number }> {
  const api = client.resource(refs.controllerRevisions);
  const namespace = set.metadata.namespace ?? '';
  for (let collisionCount = set.status.collisionCount ?? 0; ; collisionCount += 1) {
    const wanted = newRevision(set, { ref: refs.statefulSets, template: set.spec.template, revision, collisionCount });
    try {
      return { revision: await api.create(namespace, wanted), collisionCount };
    } catch (error) {
      if (!isReason(error, 'AlreadyExists')) throw error;
      const existing = await api.get(namespace, wanted.metadata.name ?? '');
      if (sameData(existing, wanted)) return { revision: existing, collisionCount };
    }
  }
}

/** Deletes the oldest revisions that no pod is of, beyond revisionHistoryLimit. */
export async function truncateHistory(
  client: Client,
  set: StatefulSet,
  { revisions, pods, live }: { revisions: Iterable<ControllerRevision>; pods: readonly Pod[]; live: readonly string[] },
): Promise<void> {
  const used = new Set([...live, ...pods.map(revisionOf)]);
  const unused = sortRevisions(revisions).filter(({ metadata }) => !used.has(metadata.name));
  const limit = set.spec.revisionHistoryLimit ?? 10;
  if (limit < 0) return;
  for (const { metadata } of unused.slice(0, Math.max(0, unused.length - limit))) {
    try {
      await client
        .resource(refs.controllerRevisions)
        .delete(metadata.namespace ?? '', metadata.name, { preconditions: { uid: metadata.uid } });
    } catch (error) {
      if (!isReason(error, 'NotFound')) throw error;
    }
  }
}
