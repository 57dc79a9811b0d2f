/** Docker's answers as the runtime's values; pure. */
import type { Container, Image, Sandbox } from '../runtime.ts';
import type { Labels } from './labels.ts';
import { readLabels } from './labels.ts';

export interface InspectBody {
  readonly Id: string;
  readonly Created: string;
  readonly Image: string;
  readonly LogPath?: string;
  readonly State: {
    readonly Status: string;
    readonly Running: boolean;
    readonly Paused?: boolean;
    readonly Pid: number;
    readonly ExitCode: number;
    readonly OOMKilled: boolean;
    readonly Error: string;
    readonly StartedAt: string;
    readonly FinishedAt: string;
  };
  readonly Config: {
    readonly Labels: Labels;
    readonly Tty: boolean;
    readonly OpenStdin: boolean;
    readonly Image: string;
    readonly StopSignal?: string;
  };
  readonly HostConfig: {
    readonly NetworkMode: string;
    readonly PidMode: string;
    readonly LogConfig?: { readonly Type: string };
  };
}

export interface ImageBody {
  readonly Id: string;
  readonly RepoTags: readonly string[] | null;
  readonly RepoDigests: readonly string[] | null;
  readonly Size: number;
  readonly Config?: { readonly User?: string } | null;
}

/** Milliseconds of Docker's times; its zero time (year 1) is 0. */
function milliseconds(text: string): number {
  return text.startsWith('0001') ? 0 : Date.parse(text);
}

export function sandboxOf(body: InspectBody): Sandbox {
  const { pod, attempt, handler } = readLabels(body.Config.Labels);
  const { Running: running, Pid: pid } = body.State;
  return { id: body.Id, pod, attempt, running, pid, createdAt: milliseconds(body.Created), ...(handler === '' ? {} : { handler }) };
}

export function containerOf(body: InspectBody): Container {
  const facts = readLabels(body.Config.Labels);
  const { State: state } = body;
  // A container that could not be started stays `created` with an error and exit code 127 or 126.
  const unstartable = state.Status === 'created' && (state.ExitCode !== 0 || state.Error !== '');
  const startedAt = milliseconds(state.StartedAt);
  return {
    id: body.Id,
    sandboxId: body.HostConfig.NetworkMode.replace(/^container:/, ''),
    pod: facts.pod,
    name: facts.container,
    kind: facts.kind === 'sandbox' ? 'main' : facts.kind,
    restartCount: facts.attempt,
    specHash: facts.specHash,
    state: state.Running ? 'running' : state.Status === 'created' && !unstartable ? 'created' : 'exited',
    pid: state.Pid,
    createdAt: milliseconds(body.Created),
    startedAt: unstartable ? 0 : startedAt,
    finishedAt: unstartable ? milliseconds(body.Created) : milliseconds(state.FinishedAt),
    exitCode: unstartable ? 128 : state.ExitCode,
    oomKilled: state.OOMKilled,
    startError: unstartable ? state.Error : '',
    image: facts.image,
    imageID: facts.imageID === '' ? body.Image : facts.imageID,
    terminationLog: facts.terminationLog,
    tty: body.Config.Tty,
    stdin: body.Config.OpenStdin,
  };
}

export function imageOf(body: ImageBody): Image {
  const real = (names: readonly string[] | null): string[] => (names ?? []).filter((name) => !name.startsWith('<none>'));
  return { id: body.Id, tags: real(body.RepoTags), digests: real(body.RepoDigests), bytes: body.Size, user: body.Config?.User ?? '' };
}
