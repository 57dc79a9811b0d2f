/** One try of a probe. Words are those of pkg/probe and pkg/kubelet/prober. */
import type { Container, HTTPGetAction, Probe } from '../../api/generated/types.ts';
import { expand } from '../containers/expand.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { runCommand } from './command.ts';
import { checkGrpc } from './grpc.ts';
import { probeHttp } from './http.ts';
import { probeTcp } from './tcp.ts';

export interface ProbeResult {
  readonly ok: boolean;
  /** For the event when it failed, or was a warning. */
  readonly output: string;
  /** It counts as a success, but somebody should look at it. */
  readonly warning?: true;
  /** Nothing was found out: the try does not count. */
  readonly errored?: true;
}

export interface ProbeTarget {
  readonly runtime: Runtime;
  readonly containerId: string;
  readonly container: Container;
  readonly podIP: string;
}

/** A number, or the name of one of the container's ports. Undefined when there is no such port. */
export function resolvePort(port: string | number, container: Container): number | undefined {
  const number = Number(port);
  if (Number.isInteger(number)) return number > 0 && number < 65_536 ? number : undefined;
  return container.ports?.find((candidate) => candidate.name === port)?.containerPort;
}

export function urlOf(action: HTTPGetAction, container: Container, podIP: string): string | undefined {
  const port = resolvePort(action.port, container);
  if (port === undefined) return undefined;
  const host = (action.host ?? '') === '' ? podIP : (action.host ?? '');
  const path = action.path ?? '/';
  const scheme = (action.scheme ?? 'HTTP').toLowerCase();
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}${path.startsWith('/') ? path : `/${path}`}`;
}

/** What a try is repeated when it found out nothing (maxProbeRetries). */
const tries = 3;

export async function runProbe(probe: Probe, target: ProbeTarget): Promise<ProbeResult> {
  let result = await tryWhatever(probe, target);
  for (let again = 1; again < tries && result.errored === true; again += 1) result = await tryWhatever(probe, target);
  return result;
}

/** A try that goes wrong itself has found out nothing; nobody else suffers from it. */
async function tryWhatever(probe: Probe, target: ProbeTarget): Promise<ProbeResult> {
  try {
    return await tryProbe(probe, target);
  } catch (error) {
    return { ok: false, errored: true, output: error instanceof Error ? error.message : String(error) };
  }
}

async function tryProbe(probe: Probe, target: ProbeTarget): Promise<ProbeResult> {
  // Where nothing runs, nothing can fail.
  if (!target.runtime.real) return { ok: true, output: '' };
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  const noPort = (port: string | number): ProbeResult => ({ ok: false, errored: true, output: portError(port) });
  if (probe.exec !== undefined) {
    const command = staticCommand(probe.exec.command ?? [], target.container);
    return runCommand(target.runtime, target.containerId, { command, timeoutMs });
  }
  if (probe.httpGet !== undefined) {
    const url = urlOf(probe.httpGet, target.container, target.podIP);
    if (url === undefined) return noPort(probe.httpGet.port);
    return probeHttp(url, probe.httpGet.httpHeaders ?? [], { timeoutMs, agent: 'kube-probe/1.36' });
  }
  if (probe.tcpSocket !== undefined) {
    const port = resolvePort(probe.tcpSocket.port, target.container);
    const host = (probe.tcpSocket.host ?? '') === '' ? target.podIP : (probe.tcpSocket.host ?? '');
    return port === undefined ? noPort(probe.tcpSocket.port) : probeTcp(host, port, timeoutMs);
  }
  if (probe.grpc !== undefined)
    return checkGrpc({ host: target.podIP, port: probe.grpc.port, service: probe.grpc.service ?? '', timeoutMs });
  return { ok: false, errored: true, output: `missing probe handler` };
}

/** ResolveContainerPort */
function portError(port: string | number): string {
  return Number.isInteger(Number(port)) ? `invalid port number: ${port}` : `couldn't find port: ${port}`;
}

/** Only variables that the specification itself gives a value are known here (ExpandContainerCommandOnlyStatic). */
function staticCommand(command: readonly string[], { env = [] }: Container): string[] {
  const values = new Map(env.map(({ name, value = '' }) => [name, value]));
  return command.map((word) => expand(word, (name) => values.get(name)));
}
