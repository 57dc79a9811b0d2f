/**
 * Removes images that this agent pulled and nobody uses when their file system fills up: those first whose last use is longest
 * ago, until enough is free again (pkg/kubelet/images/image_gc_manager.go). Images that others brought into the engine stay.
 */
import type { Clock } from '../../base/clock.ts';
import { type Running, running } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import type { PulledImages } from './pulled-images.ts';

export interface ImageGcPolicy {
  /** Percent of the file system in use from which on images are removed. */
  readonly highPercent: number;
  /** Percent down to which they are removed. */
  readonly lowPercent: number;
  /** Younger images may just be about to be used (imageMinimumGCAge); usually two minutes. */
  readonly minimumAgeMs?: number | undefined;
  /** Images that nobody has used for so long go whatever is free (imageMaximumGCAge); 0, the usual: they stay. */
  readonly maximumAgeMs?: number | undefined;
}

export interface ImageGcOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly policy: ImageGcPolicy;
  readonly pulled: PulledImages;
  /** Of the file system that images lie on; undefined when it cannot be told. */
  disk(): Promise<{ readonly capacity: number; readonly available: number } | undefined>;
  /** Ids of images that containers of this node use. */
  used(): Iterable<string>;
  /** Ids and sizes of what the runtime has. */
  images(): Promise<readonly { readonly id: string; readonly bytes: number }[]>;
  /** Tells whether the image is gone. */
  remove(id: string): Promise<boolean>;
  removed(id: string, reason: 'space' | 'age'): void;
  event(reason: string, message: string): void;
}

const everyMs = 5 * 60_000;
const usualMinimumAgeMs = 2 * 60_000;

export interface ImageGc extends Running {
  /** One round now; resolves when it is over. */
  collect(): Promise<void>;
}

export function startImageGc(options: ImageGcOptions): ImageGc {
  const { clock, logger } = options;
  let stopped = false;
  let cancel: () => void = () => undefined;
  const round = async (): Promise<void> => {
    await collect(options).catch((error: unknown) => logger.warn({ err: error }, 'images could not be collected'));
    if (!stopped) cancel = clock.after(everyMs, () => void round());
  };
  cancel = clock.after(everyMs, () => void round());
  return {
    collect: () => collect(options),
    ...running(() => {
      stopped = true;
      cancel();
    }),
  };
}

async function collect(options: ImageGcOptions): Promise<void> {
  const { clock, pulled, policy } = options;
  const now = clock.now();
  const used = new Set(options.used());
  pulled.use(used, now);
  await removeOld(options, used, now);
  const disk = await options.disk();
  if (disk === undefined) return;
  if (disk.capacity === 0) return options.event('InvalidDiskCapacity', 'invalid capacity 0 on image filesystem');
  const percent = 100 - Math.floor((disk.available * 100) / disk.capacity);
  if (percent < policy.highPercent) return;
  const wanted = Math.floor((disk.capacity * (100 - policy.lowPercent)) / 100) - disk.available;
  const freed = await free(options, { used, wanted, now });
  if (freed >= wanted) return;
  options.event(
    'FreeDiskSpaceFailed',
    `Insufficient free disk space on the node's image filesystem (${String(percent)}% of ${sizeText(disk.capacity)} used). ` +
      `Failed to free sufficient space by deleting unused images (freed ${String(freed)} bytes). ` +
      'Investigate disk usage, as it could be used by active images, logs, volumes, or other data.',
  );
}

async function removeOld({ policy, pulled, logger, ...options }: ImageGcOptions, used: ReadonlySet<string>, now: number): Promise<void> {
  const { maximumAgeMs = 0, minimumAgeMs = usualMinimumAgeMs } = policy;
  if (maximumAgeMs === 0) return;
  for (const { id, pulledAt, usedAt } of pulled.oldestFirst()) {
    if (used.has(id) || now - pulledAt < minimumAgeMs || now - Math.max(pulledAt, usedAt) <= maximumAgeMs) continue;
    logger.info({ image: id }, 'an image is removed: nobody has used it for long');
    if (!(await options.remove(id))) continue;
    pulled.forget(id);
    options.removed(id, 'age');
  }
}

async function free(
  options: ImageGcOptions,
  { used, wanted, now }: { readonly used: ReadonlySet<string>; readonly wanted: number; readonly now: number },
): Promise<number> {
  const { pulled, logger, policy } = options;
  const sizes = new Map((await options.images()).map(({ id, bytes }) => [id, bytes]));
  let freed = 0;
  for (const { id, pulledAt } of pulled.oldestFirst()) {
    if (freed >= wanted) break;
    if (used.has(id) || now - pulledAt < (policy.minimumAgeMs ?? usualMinimumAgeMs)) continue;
    logger.info({ image: id }, 'an image is removed: the file system of images is full');
    if (!(await options.remove(id))) continue;
    pulled.forget(id);
    if (!sizes.has(id)) continue;
    freed += sizes.get(id) ?? 0;
    options.removed(id, 'space');
  }
  return freed;
}

/** As upstream prints sizes. */
export function sizeText(bytes: number): string {
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  if (bytes < 1024) return `${String(bytes)} B`;
  let at = 0;
  let size = bytes / 1024;
  while (size >= 1024 && at < units.length - 1) {
    size /= 1024;
    at += 1;
  }
  return `${size.toFixed(1)} ${units[at] ?? ''}`;
}
