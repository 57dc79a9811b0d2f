/** Creating and deleting pods for an owner, with the events that tell of it: pkg/controller/controller_utils.go RealPodControl. */
import { ApiError, isReason } from '../../api/errors.ts';
import type { Pod, PodTemplateSpec } from '../../api/generated/types.ts';
import type { New } from '../../api/object.ts';
import type { Client, ResourceRef } from '../../client/client.ts';
import type { EventRecorder } from '../../client/events.ts';
import { referenceTo } from '../../client/events.ts';
import type { Cached } from '../../client/informer-store.ts';
import { refs } from '../../client/refs.ts';
import { controllerReference } from './owners.ts';

/** A pod of this template for this owner; the name is left to the API server unless given. */
export function podFromTemplate<O extends Cached>(template: PodTemplateSpec, owner: O, ownerRef: ResourceRef<O>): New<Pod> {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    metadata: {
      generateName: `${owner.metadata.name}-`,
      namespace: owner.metadata.namespace ?? '',
      ...(labels === undefined ? {} : { labels: { ...labels } }),
      ...(annotations === undefined ? {} : { annotations: { ...annotations } }),
      ...(finalizers === undefined ? {} : { finalizers: [...finalizers] }),
      ownerReferences: [controllerReference(ownerRef, owner)],
    },
    spec: template.spec ?? { containers: [] },
  };
}

/** The API server refuses to create anything in a namespace that is going away; nobody needs to hear of it. */
export function isNamespaceTerminating(error: unknown): boolean {
  return error instanceof ApiError && error.details?.causes?.some((cause) => cause.reason === 'NamespaceTerminating') === true;
}

export class PodControl<O extends Cached> {
  readonly #client: Client;
  readonly #recorder: EventRecorder;
  readonly #ownerRef: ResourceRef<O>;

  constructor(client: Client, recorder: EventRecorder, ownerRef: ResourceRef<O>) {
    this.#client = client;
    this.#recorder = recorder;
    this.#ownerRef = ownerRef;
  }

  async create(pod: New<Pod>, owner: O): Promise<Pod> {
    const about = referenceTo(this.#ownerRef, owner);
    try {
      const created = await this.#client.resource(refs.pods).create(owner.metadata.namespace ?? '', pod);
      this.#recorder.event(about, 'Normal', 'SuccessfulCreate', `Created pod: ${created.metadata.name}`);
      return created;
    } catch (error) {
      if (!isNamespaceTerminating(error)) this.#recorder.event(about, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`);
      throw error;
    }
  }

  /** A pod that is gone already is no failure. */
  async delete(pod: Pod, owner: O): Promise<void> {
    const about = referenceTo(this.#ownerRef, owner);
    const { namespace = '', name, uid } = pod.metadata;
    try {
      await this.#client.resource(refs.pods).delete(namespace, name, { preconditions: { uid } });
      this.#recorder.event(about, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`);
    } catch (error) {
      if (isReason(error, 'NotFound')) return;
      this.#recorder.event(about, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(error)}`);
      throw error;
    }
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Calls `act` `count` times in groups of 1, 2, 4, ...; a group with a failure is the last. Many equal failures thus cost
 * few calls. Returns how many succeeded and the first failure.
 */
export async function slowStart(count: number, act: () => Promise<void>): Promise<{ succeeded: number; error: unknown }> {
  let succeeded = 0;
  for (let size = Math.min(count, 1); size > 0; size = Math.min(2 * size, count - succeeded)) {
    const results = await Promise.allSettled(Array.from({ length: size }, act));
    const failed = results.filter((result) => result.status === 'rejected');
    succeeded += size - failed.length;
    if (failed[0] !== undefined) return { succeeded, error: failed[0].reason };
  }
  return { succeeded, error: undefined };
}
