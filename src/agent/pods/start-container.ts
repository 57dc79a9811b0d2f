/** The steps of one start of one container. */
import type { Pod } from '../../api/generated/types.ts';
import { ConfigError } from '../containers/env.ts';
import { runHook } from '../probes/hooks.ts';
import type { PodReferences } from '../references.ts';
import type { Container, Sandbox } from '../runtimes/runtime.ts';
import type { PreparedVolume } from '../volumes/mounts.ts';
import { containerConfig } from './container-config.ts';
import type { PodDeps } from './deps.ts';
import { mountImageVolumes } from './image-volumes.ts';
import { Grace } from './grace.ts';
import { ImageFailure } from './images.ts';
import { killContainer } from './kill-container.ts';
import { unlessAborted } from './unless-aborted.ts';
import type { ContainerSpec, Waiting } from './model.ts';
import { containerEvent, httpFallback } from './pod-events.ts';

export interface StartInput {
  readonly deps: PodDeps;
  readonly pod: Pod;
  readonly spec: ContainerSpec;
  readonly attempt: number;
  readonly podDir: string;
  readonly sandbox: Sandbox;
  readonly podIPs: readonly string[];
  readonly volumes: ReadonlyMap<string, PreparedVolume>;
  readonly references: PodReferences;
  readonly targetId: string | undefined;
  /** The pod is ending: go no further. */
  cancelled(): boolean;
  /** Aborted then, for what may take long. */
  readonly signal: AbortSignal;
  created(container: Container): void;
  /** Resolves when the new state is noted: what is decided next depends on it. */
  started(container: Container): Promise<void>;
}

/** Why a container does not run, for its status, and when to try again. */
export class StartFailure extends Error {
  override readonly name = 'StartFailure';
  readonly waiting: Waiting;
  readonly retryMs: number;
  constructor(waiting: Waiting, retryMs: number, options?: ErrorOptions) {
    super(waiting.message, options);
    this.waiting = waiting;
    this.retryMs = retryMs;
  }
}

const retryMs = 10_000;

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Resolves when the container runs and its postStart hook is through, or the pod is ending. Rejects with {@link StartFailure}. */
export async function startContainer(input: StartInput): Promise<void> {
  const id = await create(input);
  if (id === undefined || input.cancelled()) return;
  const event = (type: 'Normal' | 'Warning', reason: string, message: string): void =>
    containerEvent(input.deps.recorder, input, [type, reason, message]);
  let container: Container;
  try {
    container = await input.deps.runtime.startContainer(id);
  } catch (error) {
    event('Warning', 'Failed', `Error: ${text(error)}`);
    const ended = await input.deps.runtime.inspectContainer(id);
    if (ended !== undefined) await input.started(ended);
    throw new StartFailure({ reason: 'RunContainerError', message: text(error) }, 0, { cause: error });
  }
  event('Normal', 'Started', 'Container started');
  const logFile = input.deps.runtime.logFile(id);
  if (logFile !== undefined) void input.deps.podLogs?.started(container, logFile);
  const postStart = input.spec.container.lifecycle?.postStart;
  if (postStart !== undefined) await unlessAborted(runPostStart(input, container, postStart), input.signal);
  await input.started(container);
}

async function create(input: StartInput): Promise<string | undefined> {
  const { deps, pod, spec } = input;
  const event = (type: 'Normal' | 'Warning', reason: string, message: string): void =>
    containerEvent(deps.recorder, input, [type, reason, message]);
  const fail = (reason: string, error: unknown, wait = retryMs): StartFailure => {
    event('Warning', 'Failed', `Error: ${error instanceof ImageFailure ? reason : text(error)}`);
    return new StartFailure({ reason, message: text(error) }, wait, { cause: error });
  };
  try {
    const { image = '', imagePullPolicy } = spec.container;
    const found = await unlessAborted(
      deps.images.ensure({ pod, image, policy: imagePullPolicy, references: input.references, event }),
      input.signal,
    );
    if (found === undefined) return undefined;
    await mountImageVolumes(input, event);
    if (input.cancelled()) return undefined;
    const config = await containerConfig({ ...input, image: found });
    if (input.cancelled()) return undefined;
    const container = await deps.runtime.createContainer(input.sandbox, config);
    input.created(container);
    event('Normal', 'Created', 'Container created');
    return container.id;
  } catch (error) {
    if (error instanceof ImageFailure) throw fail(error.reason, error, error.retryMs);
    throw fail(error instanceof ConfigError ? 'CreateContainerConfigError' : 'CreateContainerError', error);
  }
}

async function runPostStart(
  input: StartInput,
  container: Container,
  handler: NonNullable<NonNullable<StartInput['spec']['container']['lifecycle']>['postStart']>,
): Promise<void> {
  const { deps, spec, podIPs } = input;
  const target = { runtime: deps.runtime, containerId: container.id, container: spec.container, podIP: podIPs[0] ?? '' };
  const failure = await runHook({
    handler,
    target,
    timeoutMs: 2 ** 31 - 1,
    clock: deps.clock,
    fellBack: httpFallback(deps.recorder, input),
  });
  if (failure === '' || input.signal.aborted) return;
  containerEvent(deps.recorder, input, ['Warning', 'FailedPostStartHook', 'PostStartHook failed']);
  const kill = { spec, container, message: 'FailedPostStartHook' };
  const grace = new Grace(deps.clock, (input.pod.spec.terminationGracePeriodSeconds ?? 30) * 1000);
  await killContainer({ deps, pod: input.pod, kill, grace, podIP: podIPs[0] ?? '' });
  const ended = await deps.runtime.inspectContainer(container.id);
  if (ended !== undefined) await input.started(ended);
  throw new StartFailure({ reason: 'PostStartHookError', message: failure }, 0);
}
