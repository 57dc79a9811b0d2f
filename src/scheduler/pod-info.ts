import type { Pod } from '../api/generated/types.ts';
import { keyOf } from '../client/informer-store.ts';
import type { PodClass, PodClasses } from './pod-class.ts';

/** A pod with its class: scheduler framework/types.go PodInfo. */
export interface PodInfo {
  readonly pod: Pod;
  readonly key: string;
  readonly uid: string;
  readonly namespace: string;
  readonly priority: number;
  readonly class: PodClass;
}

export function podInfo(pod: Pod, classes: PodClasses): PodInfo {
  const { namespace = '', uid } = pod.metadata;
  return { pod, key: keyOf(pod), uid, namespace, priority: pod.spec.priority ?? 0, class: classes.of(pod) };
}
