/** The ControllerRevisions of a DaemonSet: daemon/update.go constructHistory, cleanupHistory. */
import { isReason } from '../../api/errors.ts';
import type { ControllerRevision, DaemonSet, Pod } from '../../api/generated/types.ts';
import type { New } from '../../api/object.ts';
import type { Client } from '../../client/client.ts';
import { refs } from '../../client/refs.ts';
import { holds, revisionLabel, snapshotOf } from '../shared/controller-revisions.ts';
import { templateHash } from '../shared/hash.ts';
import { controllerReference } from '../shared/owners.ts';

export interface DaemonHistory {
  /** Of the set's template as it is. */
  readonly current: ControllerRevision;
  readonly old: readonly ControllerRevision[];
}

export function hashOfRevision(revision: ControllerRevision): string {
  return revision.metadata.labels?.[revisionLabel] ?? '';
}

function isOfTemplate(revision: ControllerRevision, set: DaemonSet): boolean {
  return holds(revision, set.spec.template);
}

/** Finds or makes the revision of the template; it is always the newest. */
export async function resolveHistory(
  client: Client,
  set: DaemonSet,
  { revisions, pods }: { revisions: readonly ControllerRevision[]; pods: readonly Pod[] },
): Promise<DaemonHistory> {
  const labelled = await Promise.all(revisions.map((revision) => withHash(client, revision)));
  const old = labelled.filter((revision) => !isOfTemplate(revision, set));
  const matching = labelled.filter((revision) => isOfTemplate(revision, set));
  const next = Math.max(0, ...old.map(({ revision }) => revision)) + 1;
  if (matching.length === 0) return { current: await snapshot(client, set, next), old };
  const newest = matching.reduce((a, b) => (b.revision >= a.revision ? b : a));
  await removeDoubles(client, newest, { doubles: matching.filter((revision) => revision !== newest), pods });
  if (newest.revision >= next) return { current: newest, old };
  return { current: await client.resource(refs.controllerRevisions).update({ ...newest, revision: next }), old };
}

/** Revisions of long ago have no hash label: their name serves. */
async function withHash(client: Client, revision: ControllerRevision): Promise<ControllerRevision> {
  if (revision.metadata.labels?.[revisionLabel] !== undefined) return revision;
  const labels = { ...revision.metadata.labels, [revisionLabel]: revision.metadata.name };
  return client.resource(refs.controllerRevisions).update({ ...revision, metadata: { ...revision.metadata, labels } });
}

/** Pods of revisions that say the same are relabelled; those revisions go. */
async function removeDoubles(
  client: Client,
  kept: ControllerRevision,
  { doubles, pods }: { doubles: readonly ControllerRevision[]; pods: readonly Pod[] },
): Promise<void> {
  if (doubles.length === 0) return;
  const hash = hashOfRevision(kept);
  for (const { metadata } of pods) {
    if (metadata.labels?.[revisionLabel] === hash) continue;
    const body = { metadata: { labels: { [revisionLabel]: hash } } };
    await client.resource(refs.pods).patch(metadata.namespace ?? '', metadata.name, { type: 'application/merge-patch+json', body });
  }
  for (const double of doubles) await remove(client, double);
}

async function remove(client: Client, { metadata }: ControllerRevision): Promise<void> {
  try {
    const options = { preconditions: { uid: metadata.uid } };
    await client.resource(refs.controllerRevisions).delete(metadata.namespace ?? '', metadata.name, options);
  } catch (error) {
    if (!isReason(error, 'NotFound')) throw error;
  }
}

function revisionOf(set: DaemonSet, revision: number): New<ControllerRevision> {
  const { name, namespace = '', annotations } = set.metadata;
  const { template } = set.spec;
  const hash = templateHash(template, set.status.collisionCount);
  return {
    metadata: {
      name: `${name}-${hash}`,
      namespace,
      labels: { ...template.metadata?.labels, [revisionLabel]: hash },
      ...(annotations === undefined ? {} : { annotations: { ...annotations } }),
      ownerReferences: [controllerReference(refs.daemonSets, set)],
    },
    data: snapshotOf(template) as unknown as ControllerRevision['data'],
    revision,
  };
}

/** A name that is taken by another template is counted in status.collisionCount, and the round fails. */
async function snapshot(client: Client, set: DaemonSet, revision: number): Promise<ControllerRevision> {
  const { namespace = '' } = set.metadata;
  const wanted = revisionOf(set, revision);
  try {
    return await client.resource(refs.controllerRevisions).create(namespace, wanted);
  } catch (error) {
    if (!isReason(error, 'AlreadyExists')) throw error;
    const existing = await client.resource(refs.controllerRevisions).get(namespace, wanted.metadata.name ?? '');
    if (isOfTemplate(existing, set)) return existing;
    const status = { ...set.status, collisionCount: (set.status.collisionCount ?? 0) + 1 };
    await client.resource(refs.daemonSets).updateStatus({ ...set, status });
    throw error;
  }
}

/** Deletes the oldest revisions that no pod is of, beyond revisionHistoryLimit. */
export async function cleanUpHistory(
  client: Client,
  set: DaemonSet,
  { old, pods }: { old: readonly ControllerRevision[]; pods: readonly Pod[] },
): Promise<void> {
  const excess = old.length - (set.spec.revisionHistoryLimit ?? 10);
  if (excess <= 0) return;
  const live = new Set(pods.map(({ metadata }) => metadata.labels?.[revisionLabel]));
  const unused = old.filter((revision) => !live.has(hashOfRevision(revision))).sort((a, b) => a.revision - b.revision);
  for (const revision of unused.slice(0, excess)) await remove(client, revision);
}
