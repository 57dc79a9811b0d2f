/** Which pod goes first: pkg/kubelet/eviction/helpers.go, rank functions. */
import type { Pod } from '../../api/generated/types.ts';
import { podRequests } from '../../api/pod-resources.ts';
import type { Starved } from './thresholds.ts';

export interface PodUse {
  readonly pod: Pod;
  /** Bytes, inodes or processes, as the starved resource is counted; undefined when nobody knows. */
  readonly used: number | undefined;
}

/** Pods of the system, and mirrors of files on the node, are never evicted (pkg/kubelet/types, IsCriticalPod). */
export function isCritical({ metadata, spec }: Pod): boolean {
  const source = metadata.annotations?.['kubernetes.io/config.source'] ?? 'api';
  return source !== 'api' || (spec.priority ?? 0) >= 2_000_000_000;
}

/** The first one to evict first: who uses more than it asked for, then the least important, then who is furthest over its request. */
export function rank(uses: readonly PodUse[], starved: Starved): PodUse[] {
  const key = ({ pod, used }: PodUse): readonly number[] => {
    if (used === undefined) return [0];
    const requested = podRequests(pod.spec).get(starved)?.value() ?? 0;
    const over = starved === 'pids' ? 1 : used > requested ? 0 : 1;
    return [1, over, pod.spec.priority ?? 0, requested - used];
  };
  const keyed = uses.map((use) => ({ use, key: key(use) }));
  return keyed.sort((a, b) => compare(a.key, b.key)).map(({ use }) => use);
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
