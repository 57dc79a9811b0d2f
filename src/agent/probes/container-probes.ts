/** The three probes of a running container: startup first, then liveness and readiness. */
import type { Clock } from '../../base/clock.ts';
import type { Running } from '../../base/lifecycle.ts';
import { running } from '../../base/lifecycle.ts';
import type { Probe } from '../../api/generated/types.ts';
import type { ProbeResult, ProbeTarget } from './probe.ts';
import { runProbe } from './probe.ts';
import { startProber } from './prober.ts';

export const probeKinds = ['startup', 'liveness', 'readiness'] as const;
export type ProbeKind = (typeof probeKinds)[number];

export interface ContainerProbesOptions {
  readonly target: ProbeTarget;
  readonly startedAt: number;
  readonly clock: Clock;
  /** The startup probe has passed before (takeover after a restart of the agent). */
  readonly alreadyStarted: boolean;
  result(kind: ProbeKind, ok: boolean): void;
  /** Every try, for events and metrics; it took `seconds`. */
  tried(kind: ProbeKind, result: ProbeResult, seconds: number): void;
}

export interface ContainerProbes extends Running {
  /** The pod is ending: only readiness is still asked for. */
  endLiveness(): void;
}

export function startContainerProbes(options: ContainerProbesOptions): ContainerProbes {
  const { container } = options.target;
  const probers = new Map<ProbeKind, Running>();
  const stopOne = (kind: ProbeKind): void => {
    void probers.get(kind)?.stop();
    probers.delete(kind);
  };
  const start = (kind: ProbeKind, probe: Probe | undefined): void => {
    if (probe === undefined) return;
    const prober = startProber({
      probe,
      clock: options.clock,
      startedAt: options.startedAt,
      attempt: () => runProbe(probe, options.target),
      tried: (result, seconds) => options.tried(kind, result, seconds),
      decided: (ok) => {
        if (kind !== 'readiness' && !ok) stopOne(kind);
        if (kind === 'startup' && ok) {
          stopOne('startup');
          startOthers();
        }
        options.result(kind, ok);
      },
    });
    probers.set(kind, prober);
  };
  const startOthers = (): void => {
    start('liveness', container.livenessProbe);
    start('readiness', container.readinessProbe);
  };
  if (container.startupProbe !== undefined && !options.alreadyStarted) start('startup', container.startupProbe);
  else startOthers();
  return {
    endLiveness: () => {
      stopOne('liveness');
      stopOne('startup');
    },
    ...running(() => {
      for (const kind of [...probers.keys()]) stopOne(kind);
    }),
  };
}
