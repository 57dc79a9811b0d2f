/** Claims, volumes and what is said about storage, as the plugins for volumes see them, with what they have promised themselves. */
import type {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
  VolumeAttachment,
} from '../api/generated/types.ts';
import type { Cached } from '../client/informer-store.ts';
import { keyOf } from '../client/informer-store.ts';

export interface VolumeView {
  /** By `namespace/name`. */
  claim(key: string): PersistentVolumeClaim | undefined;
  /** As the API has it, without promises. */
  storedClaim(key: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  storedVolume(name: string): PersistentVolume | undefined;
  volumesOfClass(storageClass: string): readonly PersistentVolume[];
  storageClass(name: string): StorageClass | undefined;
  csiNode(node: string): CSINode | undefined;
  csiDriver(name: string): CSIDriver | undefined;
  capacities(): Iterable<CSIStorageCapacity>;
  attachments(node: string): Iterable<VolumeAttachment>;
  readonly promises: Promises;
  /** Writes, and waits for what others have to do. */
  readonly writer: VolumeWriter;
}

/** Objects as they will be once a write that is under way is through; until a newer one is seen, they stand for the stored ones. */
export interface Promises {
  volume(object: PersistentVolume): void;
  claim(object: PersistentVolumeClaim): void;
  dropVolume(name: string): void;
  dropClaim(key: string): void;
}

export interface VolumeWriter {
  updateVolume(volume: PersistentVolume): Promise<PersistentVolume>;
  updateClaim(claim: PersistentVolumeClaim): Promise<PersistentVolumeClaim>;
  /** Resolves when `done` says so, asked after each change of claims and volumes; rejects with what it throws, or when it takes too long. */
  until(done: () => boolean, timeoutMs: number): Promise<void>;
}

/** Promised objects of one kind. */
export class PromisedObjects<T extends Cached> {
  readonly #stored: (key: string) => T | undefined;
  readonly #promised = new Map<string, T>();

  constructor(stored: (key: string) => T | undefined) {
    this.#stored = stored;
  }

  /** `object` is a changed copy of the stored one. */
  set(object: T): void {
    this.#promised.set(keyOf(object), object);
  }

  drop(key: string): void {
    this.#promised.delete(key);
  }

  get(key: string): T | undefined {
    const stored = this.#stored(key);
    return stored === undefined ? undefined : this.current(key, stored);
  }

  /** The promised object as long as the stored one is what it was made from. */
  current(key: string, stored: T): T {
    const promised = this.#promised.get(key);
    if (promised === undefined) return stored;
    if (promised.metadata.resourceVersion === stored.metadata.resourceVersion) return promised;
    this.#promised.delete(key);
    return stored;
  }
}
