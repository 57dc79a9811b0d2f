/** One try of a probe or hook handler. Words are those of pkg/probe. */
import type { Container, HTTPGetAction, Probe } from '../../api/generated/types.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { runCommand } from './command.ts';
import { checkGrpc } from './grpc.ts';
import { probeHttp } from './http.ts';
import { probeTcp } from './tcp.ts';

export interface ProbeResult {
  readonly ok: boolean;
  /** For the event when it failed. */
  readonly output: string;
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

export async function runProbe(probe: Probe, target: ProbeTarget): Promise<ProbeResult> {
  // Where nothing runs, nothing can fail.
  if (!target.runtime.real) return { ok: true, output: '' };
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  const noPort = (port: string | number): ProbeResult => ({ ok: false, output: `couldn't find port: ${port}` });
  if (probe.exec !== undefined) return runCommand(target.runtime, target.containerId, { command: probe.exec.command ?? [], timeoutMs });
  if (probe.httpGet !== undefined) {
    const url = urlOf(probe.httpGet, target.container, target.podIP);
    return url === undefined ? noPort(probe.httpGet.port) : probeHttp(url, probe.httpGet.httpHeaders ?? [], timeoutMs);
  }
  if (probe.tcpSocket !== undefined) {
    const port = resolvePort(probe.tcpSocket.port, target.container);
    const host = (probe.tcpSocket.host ?? '') === '' ? target.podIP : (probe.tcpSocket.host ?? '');
    return port === undefined ? noPort(probe.tcpSocket.port) : probeTcp(host, port, timeoutMs);
  }
  if (probe.grpc !== undefined)
    return checkGrpc({ host: target.podIP, port: probe.grpc.port, service: probe.grpc.service ?? '', timeoutMs });
  return { ok: false, output: 'missing probe handler' };
}
