/** When the change happened that made endpoints be written, for their annotation: k8s.io/endpointslice/util/trigger_time_tracker.go. */
import type { Pod, Service } from '../../api/generated/types.ts';
import { podCondition } from './pods.ts';

export const triggerTimeAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time';

interface Seen {
  readonly service: string;
  /** By pod name. */
  readonly pods: ReadonlyMap<string, string>;
}

export class TriggerTimes {
  readonly #seen = new Map<string, Seen>();

  /** The earliest change since the last call for this key, in the form of the annotation; undefined: nothing that has a time. */
  next(key: string, service: Service, pods: readonly Pod[]): string | undefined {
    const before = this.#seen.get(key);
    const created = service.metadata.creationTimestamp ?? '';
    const times = new Map<string, string>();
    let first: string | undefined;
    const consider = (time: string, since: string): void => {
      // RFC 3339 in UTC with whole seconds: text compares as time does.
      if (time > since && (first === undefined || time < first)) first = time;
    };
    for (const pod of pods) {
      const time = podCondition(pod, 'Ready')?.lastTransitionTime ?? '';
      if (time === '') continue;
      times.set(pod.metadata.name, time);
      consider(time, before?.pods.get(pod.metadata.name) ?? '');
    }
    consider(created, before?.service ?? '');
    this.#seen.set(key, { service: created, pods: times });
    if (before === undefined) return created === '' ? undefined : created;
    return first;
  }

  forget(key: string): void {
    this.#seen.delete(key);
  }
}
