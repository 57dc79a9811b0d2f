/** ControllerRevisions, the history of StatefulSets and DaemonSets, as values: pkg/controller/history/controller_history.go. */
import type { ControllerRevision, PodTemplateSpec } from '../../api/generated/types.ts';
import type { New } from '../../api/object.ts';
import { jsonEqual, stableStringify } from '../../base/json-equal.ts';
import type { ResourceRef } from '../../client/client.ts';
import type { Cached } from '../../client/informer-store.ts';
import { fnv32, safeEncode } from './hash.ts';
import { controllerReference } from './owners.ts';

/** Names a pod's revision: for a StatefulSet the ControllerRevision's name, for a DaemonSet its hash. */
export const revisionLabel = 'controller-revision-hash';
/** On the ControllerRevision of a StatefulSet. */
const historyHashLabel = 'controller.kubernetes.io/hash';

/** The owner's pod template as the patch that brings it back (`kubectl rollout undo` sends it as it is). */
export interface TemplateSnapshot {
  readonly spec: { readonly template: PodTemplateSpec & { readonly $patch: 'replace' } };
}

/** With keys in order: clients written in Go compare the bytes. */
export function snapshotOf(template: PodTemplateSpec): TemplateSnapshot {
  return JSON.parse(stableStringify({ spec: { template: { ...template, $patch: 'replace' } } })) as TemplateSnapshot;
}

/** The template a revision holds; undefined when its data is something else. */
export function templateOf(revision: ControllerRevision): PodTemplateSpec | undefined {
  const data = revision.data as Partial<TemplateSnapshot> | undefined;
  if (data?.spec?.template === undefined) return undefined;
  const { $patch: _directive, ...template } = data.spec.template;
  return template;
}

/** JSON as Go writes a map: keys in order, and what HTML would take for markup escaped. */
function goJson(value: unknown): string {
  return stableStringify(value).replace(/[<>&\u2028\u2029]/g, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

export function hashOf(snapshot: TemplateSnapshot, collisionCount: number): string {
  return safeEncode(String(fnv32(goJson(snapshot) + String(collisionCount))));
}

export function revisionName(owner: string, hash: string): string {
  return `${owner.slice(0, 223)}-${hash}`;
}

export interface NewRevision<O extends Cached> {
  readonly ref: ResourceRef<O>;
  readonly template: PodTemplateSpec;
  readonly revision: number;
  readonly collisionCount: number;
}

/** A revision of the owner's template, named after its hash; it takes over the owner's annotations. */
export function newRevision<O extends Cached>(
  owner: O,
  { ref, template, revision, collisionCount }: NewRevision<O>,
): New<ControllerRevision> {
  const data = snapshotOf(template);
  const hash = hashOf(data, collisionCount);
  const { name, namespace = '', annotations } = owner.metadata;
  return {
    metadata: {
      name: revisionName(name, hash),
      namespace,
      labels: { ...template.metadata?.labels, [historyHashLabel]: hash },
      ...(annotations === undefined ? {} : { annotations: { ...annotations } }),
      ownerReferences: [controllerReference(ref, owner)],
    },
    data: data as unknown as ControllerRevision['data'],
    revision,
  };
}

/** Whether the revision is the template's. */
export function holds(revision: ControllerRevision, template: PodTemplateSpec): boolean {
  return jsonEqual(revision.data, { spec: { template: { ...template, $patch: 'replace' } } });
}

export function sameData(a: { readonly data?: unknown }, b: { readonly data?: unknown }): boolean {
  return jsonEqual(a.data, b.data);
}

/** Oldest first. */
export function sortRevisions(revisions: Iterable<ControllerRevision>): ControllerRevision[] {
  return [...revisions].sort(
    (a, b) =>
      a.revision - b.revision ||
      Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp) ||
      (a.metadata.name < b.metadata.name ? -1 : 1),
  );
}
