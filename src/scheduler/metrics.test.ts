import { expect, test } from '@jest/globals';
import { MetricRegistry } from '../base/metrics.ts';
import { schedulerMetrics } from './metrics.ts';

test('attempts by result, waiting pods by place, preemptions and victims', () => {
  const registry = new MetricRegistry();
  const metrics = schedulerMetrics(registry);
  const lines = (start: string): string[] =>
    registry
      .text()
      .split('\n')
      .filter((line) => line.startsWith(start));
  metrics.attempted('default-scheduler', 'scheduled', 0.002);
  metrics.attempted('default-scheduler', 'unschedulable', 0.002);
  metrics.scheduled(17, 3);
  metrics.preempting(2);
  metrics.preempting(undefined);
  metrics.follow(() => ['active', 'active', 'gated', 'in-flight']);
  expect(lines('scheduler_schedule_attempts_total')).toEqual([
    'scheduler_schedule_attempts_total{profile="default-scheduler",result="scheduled"} 1',
    'scheduler_schedule_attempts_total{profile="default-scheduler",result="unschedulable"} 1',
  ]);
  expect(lines('scheduler_pending_pods')).toEqual([
    'scheduler_pending_pods{queue="active"} 2',
    'scheduler_pending_pods{queue="backoff"} 0',
    'scheduler_pending_pods{queue="gated"} 1',
    'scheduler_pending_pods{queue="unschedulable"} 0',
  ]);
  expect(lines('scheduler_preemption_attempts_total')).toEqual(['scheduler_preemption_attempts_total 2']);
  expect(lines('scheduler_preemption_victims_sum')).toEqual(['scheduler_preemption_victims_sum 2']);
  expect(lines('scheduler_pod_scheduling_sli_duration_seconds_sum')).toEqual([
    'scheduler_pod_scheduling_sli_duration_seconds_sum{attempts="15+"} 3',
  ]);
});
