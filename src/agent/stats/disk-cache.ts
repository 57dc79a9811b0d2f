/** How much containers and volumes have on disk. Finding out means walking through them, so an answer is good for a while. */
import type { Volume } from '../../api/generated/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { CommandRunner } from '../../base/command.ts';
import type { PodWorker } from '../pods/worker.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { type Disk, readDisk } from './machine-use.ts';

/** volumeStatsAggPeriod. */
const goodForMs = 60_000;

export interface VolumeUse {
  readonly name: string;
  readonly claim: string | undefined;
  readonly disk: Disk;
  readonly usedBytes: number;
  readonly inodesUsed: number;
  readonly time: number;
}

export interface DiskCacheOptions {
  readonly clock: Clock;
  readonly run: CommandRunner;
  readonly runtime: Runtime;
}

export class DiskCache {
  readonly #options: DiskCacheOptions;
  readonly #known = new Map<string, { readonly until: number; readonly value: Promise<unknown> }>();

  constructor(options: DiskCacheOptions) {
    this.#options = options;
  }

  /** Bytes of a container's own layer and its log; 0 when nobody knows. */
  async container(id: string): Promise<number> {
    return (await this.#remember(`container ${id}`, () => this.#options.runtime.diskUse(id).catch(() => undefined))) ?? 0;
  }

  /** Of the volumes that are folders of the pod's own. */
  volumes(worker: PodWorker): Promise<readonly VolumeUse[]> {
    const wanted = (worker.pod.spec.volumes ?? []).flatMap((volume) => {
      const path = worker.ground.volumes.get(volume.name)?.hostPath;
      return path === undefined || !isMeasured(volume) ? [] : [{ volume, path }];
    });
    return Promise.all(
      wanted.map(({ volume, path }) =>
        this.#remember(`volume ${worker.pod.metadata.uid} ${volume.name}`, () => this.#volume(volume, path)),
      ),
    );
  }

  async #volume(volume: Volume, path: string): Promise<VolumeUse> {
    const du = async (unit: string): Promise<number> => {
      const text = await this.#options.run('du', ['--summarize', '--one-file-system', unit, path]).catch(() => '0');
      return Number.parseInt(text, 10) || 0;
    };
    const [disk, usedBytes, inodesUsed] = await Promise.all([readDisk(path), du('--block-size=1'), du('--inodes')]);
    const claim = volume.persistentVolumeClaim?.claimName;
    return { name: volume.name, claim, disk, usedBytes, inodesUsed, time: this.#options.clock.now() };
  }

  #remember<T>(key: string, measure: () => Promise<T>): Promise<T> {
    const now = this.#options.clock.monotonic();
    const found = this.#known.get(key);
    if (found !== undefined && found.until > now) return found.value as Promise<T>;
    for (const [old, { until }] of this.#known) if (until <= now) this.#known.delete(old);
    const value = measure();
    this.#known.set(key, { until: now + goodForMs, value });
    return value;
  }
}

/** Volume plugins with metrics (pkg/volume, MetricsProvider); a folder of the host is nobody's. */
function isMeasured(volume: Volume): boolean {
  const { emptyDir, configMap, secret, projected, downwardAPI, persistentVolumeClaim, ephemeral } = volume;
  return [emptyDir, configMap, secret, projected, downwardAPI, persistentVolumeClaim, ephemeral].some((source) => source !== undefined);
}
