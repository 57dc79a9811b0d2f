/** Makes sure that a container's image is there, by the pull policy (pkg/kubelet/images/image_manager.go). */
import type { Pod } from '../../api/generated/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { PodReferences } from '../references.ts';
import type { Image, RegistryAuth, Runtime } from '../runtimes/runtime.ts';
import { createLimiter, type Limiter } from '../limiter.ts';
import { CrashBackoff } from './crash-backoff.ts';
import { hashOf, type PullRecords, type PullSecret } from './pull-records.ts';
import { type Credential, podCredentials } from './registry-auth.ts';

/** `reason` is what the container waits for: ErrImagePull, ImagePullBackOff, ErrImageNeverPull, InvalidImageName, ImageInspectError. */
export class ImageFailure extends Error {
  override readonly name = 'ImageFailure';
  readonly reason: string;
  /** When to try again, ms from now. */
  readonly retryMs: number;
  constructor(reason: string, message: string, retryMs: number) {
    super(message);
    this.reason = reason;
    this.retryMs = retryMs;
  }
}

export interface ImageRequest {
  readonly pod: Pod;
  readonly image: string;
  readonly policy: string | undefined;
  readonly references: PodReferences;
  readonly event: (type: 'Normal' | 'Warning', reason: string, message: string) => void;
}

export interface ImagePuller {
  /** Rejects with {@link ImageFailure}. */
  ensure(request: ImageRequest): Promise<Image>;
  forget(podUid: string): void;
}

/** Wait before an image that is not there is looked for again. */
const retryMs = 10_000;

const reference =
  /^([a-zA-Z0-9][a-zA-Z0-9.-]*(:\d+)?\/)?[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*(:[\w][\w.-]{0,127})?(@[a-z0-9+._-]+:[0-9a-fA-F]{32,})?$/;

/** The name with `latest` added when it has neither tag nor digest; undefined when it is not an image name. */
export function withTag(image: string): string | undefined {
  if (/^sha256:[0-9a-f]{64}$/.test(image)) return image;
  if (!reference.test(image)) return undefined;
  return image.includes('@') || /:[^/]+$/.test(image) ? image : `${image}:latest`;
}

export interface ImagePullerOptions {
  readonly runtime: Pick<Runtime, 'imageStatus' | 'pullImage'>;
  readonly clock: Clock;
  /** Missing: everybody gets what is there. */
  readonly records?: PullRecords;
  /** At a time; default: as many as are wanted. */
  readonly maxParallel?: number | undefined;
  /** An image has come for the pod, pulled since `beganMs` (monotonic). */
  readonly pulled?: (image: Image, pod: Pod, beganMs: number) => void;
}

/** The credentials that did, and how long it took in ms, waiting for other pulls left out. */
interface Pull {
  readonly tookMs: number;
  readonly used?: Credential | undefined;
}

/** Pulls with each of the credentials until one of them will do; without any where there are none. */
function createPull({
  runtime,
  clock,
  maxParallel,
}: ImagePullerOptions): (name: string, credentials: readonly Credential[]) => Promise<Pull> {
  const pulling = new Map<string, Promise<Pull>>();
  const limit: Limiter = maxParallel === undefined ? (work) => work() : createLimiter(maxParallel);

  const pull = (name: string, auth: RegistryAuth | undefined): Promise<Pull> => {
    const key = `${name} ${JSON.stringify(auth ?? {})}`;
    const timed = async (): Promise<Pull> => {
      const began = clock.monotonic();
      await runtime.pullImage(name, auth);
      return { tookMs: clock.monotonic() - began };
    };
    const running = pulling.get(key) ?? limit(timed).finally(() => pulling.delete(key));
    pulling.set(key, running);
    return running;
  };

  return async (name, credentials) => {
    const faults: string[] = [];
    for (const used of credentials.length === 0 ? [undefined] : credentials) {
      try {
        return { ...(await pull(name, used?.auth)), used };
      } catch (error) {
        faults.push(error instanceof Error ? error.message : String(error));
      }
    }
    const distinct = [...new Set(faults)];
    throw new Error(distinct.length === 1 ? distinct[0] : `[${distinct.join(', ')}]`);
  };
}

export function createImagePuller(options: ImagePullerOptions): ImagePuller {
  const { runtime, clock, records, pulled } = options;
  const backoffs = new Map<string, { readonly backoff: CrashBackoff; message: string }>();
  const pullWithAny = createPull(options);

  const pullWithEvents = async (request: ImageRequest, name: string): Promise<Image> => {
    const { image, event, pod } = request;
    const key = `${pod.metadata.uid}/${image}`;
    const entry = backoffs.get(key) ?? { backoff: new CrashBackoff(clock), message: '' };
    backoffs.set(key, entry);
    const wait = entry.backoff.remaining(entry.backoff.lastUpdate);
    if (wait > 0) {
      event('Normal', 'BackOff', `Back-off pulling image "${image}"`);
      const why = entry.message === '' ? '' : `: ErrImagePull: ${entry.message}`;
      throw new ImageFailure('ImagePullBackOff', `Back-off pulling image "${image}"${why}`, wait);
    }
    event('Normal', 'Pulling', `Pulling image "${image}"`);
    const began = clock.monotonic();
    const ended = records?.begin(name);
    try {
      const { tookMs, used } = await pullWithAny(name, await podCredentials(request, name));
      const found = await runtime.imageStatus(name);
      if (found === undefined) throw new Error(`image ${name} is not there after it was pulled`);
      pulled?.(found, pod, began);
      records?.pulled(name, found.id, used && secretOf(used));
      const words = `${seconds(tookMs)} (${seconds(clock.monotonic() - began)} including waiting)`;
      event('Normal', 'Pulled', `Successfully pulled image "${image}" in ${words}. Image size: ${found.bytes} bytes.`);
      backoffs.delete(key);
      return found;
    } catch (error) {
      entry.message = error instanceof Error ? error.message : String(error);
      entry.backoff.next(clock.now());
      event('Warning', 'Failed', `Failed to pull image "${image}": ${entry.message}`);
      // Looked at again soon, so that the status says how long the wait is.
      throw new ImageFailure('ErrImagePull', entry.message, 1000);
    } finally {
      ended?.();
    }
  };

  const inspect = async ({ event }: ImageRequest, name: string): Promise<Image | undefined> => {
    try {
      return await runtime.imageStatus(name);
    } catch (error) {
      const message = `Failed to inspect image "": ${error instanceof Error ? error.message : String(error)}`;
      event('Warning', 'InspectFailed', message);
      throw new ImageFailure('ImageInspectError', message, retryMs);
    }
  };

  return {
    async ensure(request) {
      const { image, policy, event } = request;
      const name = withTag(image);
      if (name === undefined) {
        const message = `Failed to apply default image tag "${image}": couldn't parse image name "${image}": invalid reference format`;
        event('Warning', 'InspectFailed', message);
        throw new ImageFailure('InvalidImageName', message, retryMs);
      }
      const found = policy === 'Always' ? undefined : await inspect(request, name);
      const secrets = async (): Promise<PullSecret[]> => (await podCredentials(request, name)).flatMap((one) => secretOf(one) ?? []);
      if (found !== undefined && (await records?.mustPull(name, found.id, secrets)) !== true) {
        event('Normal', 'Pulled', `Container image "${image}" already present on machine and can be accessed by the pod`);
        return found;
      }
      if (policy === 'Never') {
        const message = `Container image "${image}" is not present with pull policy of Never`;
        event('Warning', 'ErrImageNeverPull', message);
        throw new ImageFailure('ErrImageNeverPull', message, retryMs);
      }
      return pullWithEvents(request, name);
    },
    forget: (podUid) => {
      for (const key of backoffs.keys()) if (key.startsWith(`${podUid}/`)) backoffs.delete(key);
    },
  };
}

/** Of a pod's own credentials; others are the node's. */
function secretOf({ auth, secret }: Credential): PullSecret | undefined {
  return secret && { ...secret, hash: hashOf(auth) };
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(3)}s`;
}
