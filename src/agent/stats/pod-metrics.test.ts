import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Pod, PodStatus } from '../../api/generated/types.ts';
import { rfc3339, FakeClock } from '../../base/clock.ts';
import { MetricRegistry } from '../../base/metrics.ts';
import { imageSizeLabel, PodMetrics } from './pod-metrics.ts';

let clock: FakeClock;
let registry: MetricRegistry;
let metrics: PodMetrics;
beforeEach(() => {
  clock = new FakeClock();
  registry = new MetricRegistry();
  metrics = new PodMetrics(registry, clock);
});

const lines = (name: string): string[] =>
  registry
    .text()
    .split('\n')
    .filter(
      (line) =>
        line.startsWith(`${name}_sum`) || line.startsWith(`${name}_count`) || line.startsWith(`${name} `) || line.startsWith(`${name}{`),
    );
const podOf = (status: PodStatus = {}): Pod => ({
  metadata: { name: 'p', uid: 'u', creationTimestamp: rfc3339(clock.now()) } as Pod['metadata'],
  spec: { containers: [{ name: 'a' }, { name: 'b' }] },
  status,
});
const started = (names: readonly string[]): PodStatus => ({
  phase: 'Running',
  containerStatuses: names.map((name) => ({ name, started: name === 'a' })) as NonNullable<PodStatus['containerStatuses']>,
});

describe('the start of a pod', () => {
  test('from the first sight to running; from its making until all containers have started, pulls and init containers left out of one', async () => {
    const pod = podOf();
    await clock.advance(1000);
    metrics.seen(pod);
    await clock.advance(100);
    metrics.admitted(pod);
    metrics.admitted(pod);
    const beganMs = clock.monotonic();
    await clock.advance(2000);
    metrics.pulled(pod, { bytes: 20 << 20, beganMs });
    await clock.advance(1000);
    metrics.published(pod, started(['a', 'b']), {});
    await clock.advance(1000);
    const at = clock.now();
    const init = {
      name: 'i',
      state: { terminated: { exitCode: 0, reason: 'Completed', startedAt: rfc3339(at - 1000), finishedAt: rfc3339(at) } },
    };
    const status = { ...started(['a']), initContainerStatuses: [init] } as PodStatus;
    metrics.published(pod, status, started(['a', 'b']));
    metrics.published(pod, status, status);
    expect(lines('kubelet_containers_per_pod_count')).toEqual([
      'kubelet_containers_per_pod_count_sum 2',
      'kubelet_containers_per_pod_count_count 1',
    ]);
    expect(lines('kubelet_pod_worker_start_duration_seconds')[0]).toBe('kubelet_pod_worker_start_duration_seconds_sum 0.1');
    expect(lines('kubelet_pod_start_duration_seconds')).toEqual([
      'kubelet_pod_start_duration_seconds_sum 3.1',
      'kubelet_pod_start_duration_seconds_count 1',
    ]);
    expect(lines('kubelet_pod_start_total_duration_seconds')[0]).toBe('kubelet_pod_start_total_duration_seconds_sum 5.1');
    expect(lines('kubelet_pod_start_sli_duration_seconds')[0]).toBe('kubelet_pod_start_sli_duration_seconds_sum 2.1');
    expect(lines('kubelet_image_pull_duration_seconds')[0]).toBe(
      'kubelet_image_pull_duration_seconds_sum{image_size_in_bytes="10MB-100MB"} 2',
    );
    expect(lines('kubelet_terminated_containers_total')).toEqual([
      'kubelet_terminated_containers_total{container_type="init_container",exit_code="0",reason="Completed"} 1',
    ]);
  });

  test('a pod that an earlier agent has started is none', () => {
    const pod = podOf({ startTime: rfc3339(clock.now()) });
    metrics.seen(pod);
    metrics.admitted(pod);
    metrics.published(pod, started(['a']), {});
    expect(lines('kubelet_pod_start_duration_seconds')[1]).toBe('kubelet_pod_start_duration_seconds_count 0');
    expect(lines('kubelet_pod_worker_start_duration_seconds')[1]).toBe('kubelet_pod_worker_start_duration_seconds_count 0');
  });

  test('a pod that is refused is none, and counted by its reason', () => {
    const pod = podOf();
    metrics.seen(pod);
    metrics.rejected(pod, 'OutOfcpu');
    metrics.admitted(pod);
    expect(lines('kubelet_admission_rejections_total')).toEqual(['kubelet_admission_rejections_total{reason="OutOfcpu"} 1']);
    expect(lines('kubelet_pod_worker_start_duration_seconds')[1]).toBe('kubelet_pod_worker_start_duration_seconds_count 0');
  });
});

test('relists: how long they take and how far apart they begin', async () => {
  for (const pause of [60_000, 0]) {
    const began = clock.monotonic();
    await clock.advance(500);
    metrics.relisted(began);
    await clock.advance(pause);
  }
  expect(lines('kubelet_pleg_relist_duration_seconds')[0]).toBe('kubelet_pleg_relist_duration_seconds_sum 1');
  expect(lines('kubelet_pleg_relist_interval_seconds')[0]).toBe('kubelet_pleg_relist_interval_seconds_sum 60.5');
});

test.each([
  [0, 'N/A'],
  [1, '0-10MB'],
  [10 << 20, '0-10MB'],
  [(10 << 20) + 1, '10MB-100MB'],
  [7 * 2 ** 30, '5GB-10GB'],
  [200 * 2 ** 30, 'GT100GB'],
])('an image of %s bytes is %s', (bytes, label) => {
  expect(imageSizeLabel(bytes)).toBe(label);
});
