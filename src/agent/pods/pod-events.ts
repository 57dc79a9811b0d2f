/** Events about a pod and its containers, as the kubelet words them. */
import type { Pod } from '../../api/generated/types.ts';
import type { EventRecorder } from '../../client/events.ts';
import { referenceTo } from '../../client/events.ts';
import { refs } from '../../client/refs.ts';
import type { ProbeKind } from '../probes/container-probes.ts';
import { probeTitle } from '../probes/metrics.ts';
import type { ProbeResult } from '../probes/probe.ts';
import type { ContainerSpec } from './model.ts';
import { fieldPathOf } from './model.ts';

type Type = 'Normal' | 'Warning';

export function podEvent(recorder: EventRecorder, pod: Pod, [type, reason, message]: readonly [Type, string, string]): void {
  recorder.event(referenceTo(refs.pods, pod), type, reason, message);
}

export interface ContainerSubject {
  readonly pod: Pod;
  readonly spec: ContainerSpec;
}

export function containerEvent(
  recorder: EventRecorder,
  { pod, spec }: ContainerSubject,
  [type, reason, message]: readonly [Type, string, string],
): void {
  recorder.event(referenceTo(refs.pods, pod, fieldPathOf(spec)), type, reason, message);
}

/** What a try of a probe has to say: nothing when it went well (pkg/kubelet/prober/prober.go). */
export function probeEvent(kind: ProbeKind, { ok, output, warning, errored }: ProbeResult): readonly [Type, string, string] | undefined {
  const title = probeTitle(kind);
  if (errored === true) return ['Warning', 'Unhealthy', `${title} probe errored and resulted in unknown state: ${output}`];
  if (warning === true) return ['Warning', 'ProbeWarning', `${title} probe warning: ${output}`];
  return ok ? undefined : ['Warning', 'Unhealthy', `${title} probe failed: ${output}`];
}

/** A hook asked for TLS and got an answer without. */
export function httpFallback(recorder: EventRecorder, { pod }: ContainerSubject): (message: string) => void {
  return (message) => podEvent(recorder, pod, ['Warning', 'LifecycleHTTPFallback', message]);
}
