/** The API's copy of a static pod: for others to see, and where its status goes (pkg/kubelet/pod/mirror_client.go). */
import { isReason } from '../../api/errors.ts';
import type { Pod, PodStatus } from '../../api/generated/types.ts';
import { Backoff } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import { rfc3339 } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Client } from '../../client/client.ts';
import { refs } from '../../client/refs.ts';
import type { StatusWriter } from '../pods/status-writer.ts';
import { mirrorAnnotation } from './manifests.ts';

export interface MirrorOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly statuses: StatusWriter;
  readonly nodeName: string;
  /** What the API has under the pod's name. */
  readonly find: () => Pod | undefined;
}

export function isMirror({ metadata }: Pod): boolean {
  return metadata.annotations?.[mirrorAnnotation] !== undefined;
}

export class Mirror {
  readonly #options: MirrorOptions;
  readonly #pod: Pod;
  readonly #retry: Backoff;
  #status: PodStatus | undefined;
  #busy = false;
  #again = false;
  #ended = false;

  constructor(pod: Pod, options: MirrorOptions) {
    this.#pod = pod;
    this.#options = options;
    this.#retry = new Backoff({ initialMs: 500, maxMs: 30_000, factor: 2, clock: options.clock });
  }

  /** The status of the static pod; kept until there is a copy. */
  write(status: PodStatus): Promise<void> {
    this.#status = status;
    const copy = this.#options.find();
    return copy === undefined || !this.#fits(copy) ? Promise.resolve() : this.#options.statuses.write(copy, status);
  }

  /** The file is gone: so goes the copy. */
  end(): void {
    this.#ended = true;
    this.sync();
  }

  /** Brings the API's copy in line; call it whenever that has changed. */
  sync(): void {
    if (this.#busy) {
      this.#again = true;
      return;
    }
    this.#busy = true;
    void this.#step().then(
      () => this.#done(),
      (error: unknown) => {
        const { clock, logger } = this.#options;
        logger.debug({ err: error, pod: this.#pod.metadata.name }, 'the copy of a static pod could not be brought in line');
        clock.after(this.#retry.next(), () => this.#done(true));
      },
    );
  }

  #done(failed = false): void {
    this.#busy = false;
    if (!failed) this.#retry.reset();
    if (!failed && !this.#again) return;
    this.#again = false;
    this.sync();
  }

  #fits({ metadata }: Pod): boolean {
    return metadata.annotations?.[mirrorAnnotation] === this.#pod.metadata.uid && metadata.deletionTimestamp === undefined;
  }

  async #step(): Promise<void> {
    const copy = this.#options.find();
    if (copy !== undefined && (this.#ended || !this.#fits(copy))) return this.#remove(copy);
    if (this.#ended) return;
    if (copy === undefined) await this.#create();
    else if (this.#status !== undefined) await this.#options.statuses.write(copy, this.#status);
  }

  /** Its deletion comes back as an event, which makes the next one. */
  async #remove({ metadata }: Pod): Promise<void> {
    const { namespace = '', name, uid } = metadata;
    try {
      await this.#options.client.resource(refs.pods).delete(namespace, name, { gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error;
    }
  }

  async #create(): Promise<void> {
    const { client, nodeName, clock } = this.#options;
    const node = await client.resource(refs.nodes).get('', nodeName);
    const { metadata, spec, status } = this.#pod;
    const { namespace = '', name, uid, annotations, labels } = metadata;
    try {
      await client.resource(refs.pods).create(namespace, {
        metadata: {
          name,
          namespace,
          ...(labels === undefined ? {} : { labels }),
          annotations: { ...annotations, 'kubernetes.io/config.seen': rfc3339(clock.now()), [mirrorAnnotation]: uid },
          ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid: node.metadata.uid, controller: true }],
        },
        spec,
        status,
      });
    } catch (error) {
      // Somebody else's pod of that name: it goes when it is seen.
      if (!isReason(error, 'AlreadyExists')) throw error;
    }
  }
}
