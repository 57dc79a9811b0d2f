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
  return new LazyInfo(pod, classes);
}

/** The class is looked up when somebody asks: a pod that no decision is about, as one behind a gate, needs none. */
class LazyInfo implements PodInfo {
  readonly pod: Pod;
  readonly key: string;
  readonly uid: string;
  readonly namespace: string;
  readonly priority: number;
  readonly #classes: PodClasses;
  #class: PodClass | undefined;

  constructor(pod: Pod, classes: PodClasses) {
    const { namespace = '', uid } = pod.metadata;
    this.pod = pod;
    this.key = keyOf(pod);
    this.uid = uid;
    this.namespace = namespace;
    this.priority = pod.spec.priority ?? 0;
    this.#classes = classes;
  }

  get class(): PodClass {
    return (this.#class ??= this.#classes.of(this.pod));
  }
}
