/** Events about a pod and its containers, as the kubelet words them. */
import type { Pod } from '../../api/generated/types.ts';
import type { EventRecorder } from '../../client/events.ts';
import { referenceTo } from '../../client/events.ts';
import { refs } from '../../client/refs.ts';
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
