/** Lifecycle hooks of containers (pkg/kubelet/lifecycle/handlers.go). */
import type { HTTPGetAction, LifecycleHandler } from '../../api/generated/types.ts';
import type { Clock } from '../../base/clock.ts';
import { delay } from '../../base/clock.ts';
import { runCommand } from './command.ts';
import { probeHttp } from './http.ts';
import type { ProbeResult, ProbeTarget } from './probe.ts';
import { urlOf } from './probe.ts';

export interface HookOptions {
  readonly handler: LifecycleHandler;
  readonly target: ProbeTarget;
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** HTTPS was asked for and HTTP was answered; the message of an event. */
  readonly fellBack?: (message: string) => void;
}

/** Answers why it failed; '' when it did its work. */
export async function runHook(options: HookOptions): Promise<string> {
  const { handler, target, timeoutMs, clock } = options;
  if (handler.sleep !== undefined) await delay(clock, Math.min(timeoutMs, handler.sleep.seconds * 1000));
  if (!target.runtime.real) return '';
  if (handler.exec !== undefined) {
    const { ok, output } = await runCommand(target.runtime, target.containerId, { command: handler.exec.command ?? [], timeoutMs });
    return ok
      ? ''
      : `Exec lifecycle hook (${(handler.exec.command ?? []).join(' ')}) for Container "${target.container.name}" failed: ${output}`;
  }
  return handler.httpGet === undefined ? '' : httpHook(options, handler.httpGet);
}

/** Any answer will do, whatever its status. A server that speaks no TLS is asked without (LifecycleHTTPFallback). */
async function httpHook({ target, timeoutMs, fellBack }: HookOptions, action: HTTPGetAction): Promise<string> {
  const url = urlOf(action, target.container, target.podIP);
  if (url === undefined) return `couldn't find port: ${action.port}`;
  const options = { timeoutMs, agent: 'kube-lifecycle/1.36' };
  let result = await probeHttp(url, action.httpHeaders ?? [], options);
  if (!result.ok && result.output.endsWith('server gave HTTP response to HTTPS client')) {
    const headers = (action.httpHeaders ?? []).filter(({ name }) => name.toLowerCase() !== 'authorization');
    result = await probeHttp(url.replace('https:', 'http:'), headers, options);
    if (reached(result)) fellBack?.(`request to HTTPS lifecycle hook ${new URL(url).host} got HTTP response, retry with HTTP succeeded`);
  }
  if (reached(result)) return '';
  return `HTTP lifecycle hook (${action.path ?? ''}) for Container "${target.container.name}" failed: ${result.output}`;
}

function reached({ ok, output }: ProbeResult): boolean {
  return ok || output.startsWith('HTTP probe failed');
}
