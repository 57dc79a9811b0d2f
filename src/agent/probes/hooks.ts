/** Lifecycle hooks of containers (pkg/kubelet/lifecycle/handlers.go). */
import type { LifecycleHandler } from '../../api/generated/types.ts';
import type { Clock } from '../../base/clock.ts';
import { delay } from '../../base/clock.ts';
import { runCommand } from './command.ts';
import { probeHttp } from './http.ts';
import type { ProbeTarget } from './probe.ts';
import { urlOf } from './probe.ts';

export interface HookOptions {
  readonly handler: LifecycleHandler;
  readonly target: ProbeTarget;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** Answers why it failed; '' when it did its work. */
export async function runHook({ handler, target, timeoutMs, clock }: HookOptions): Promise<string> {
  if (!target.runtime.real) return '';
  if (handler.exec !== undefined) {
    const { ok, output } = await runCommand(target.runtime, target.containerId, { command: handler.exec.command ?? [], timeoutMs });
    return ok
      ? ''
      : `Exec lifecycle hook (${(handler.exec.command ?? []).join(' ')}) for Container "${target.container.name}" failed: ${output}`;
  }
  if (handler.httpGet !== undefined) {
    const url = urlOf(handler.httpGet, target.container, target.podIP);
    if (url === undefined) return `failed to find port "${handler.httpGet.port}"`;
    const { ok, output } = await probeHttp(url, handler.httpGet.httpHeaders ?? [], timeoutMs);
    return ok || output.startsWith('HTTP probe failed')
      ? ''
      : `HTTP lifecycle hook (${handler.httpGet.path ?? ''}) for Container "${target.container.name}" failed: ${output}`;
  }
  if (handler.sleep !== undefined) await delay(clock, Math.min(timeoutMs, handler.sleep.seconds * 1000));
  return '';
}
