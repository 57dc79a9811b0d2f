import { expect, test } from '@jest/globals';
import { FakeClock } from './clock.ts';
import { MetricRegistry } from './metrics.ts';
import { queueMetrics } from './queue-metrics.ts';
import { WorkQueue } from './work-queue.ts';

test('what waits, what was added, for how long it waited and was worked on', async () => {
  const clock = new FakeClock();
  const registry = new MetricRegistry();
  const queues = queueMetrics(registry);
  const queue = new WorkQueue<string>(clock, queues('job'));
  const value = (line: string): number =>
    Number(
      registry
        .text()
        .split('\n')
        .find((other) => other.startsWith(`${line} `))
        ?.split(' ')[1],
    );
  queue.add('a');
  queue.add('a');
  queue.add('b');
  expect([value('workqueue_depth{name="job"}'), value('workqueue_adds_total{name="job"}')]).toEqual([2, 2]);
  await clock.advance(3000);
  const taken = await queue.next();
  await clock.advance(2000);
  expect(value('workqueue_depth{name="job"}')).toBe(1);
  expect(value('workqueue_longest_running_processor_seconds{name="job"}')).toBe(2);
  queue.add('a');
  queue.done(taken ?? '');
  expect(value('workqueue_queue_duration_seconds_sum{name="job"}')).toBe(3);
  expect(value('workqueue_work_duration_seconds_sum{name="job"}')).toBe(2);
  expect(value('workqueue_unfinished_work_seconds{name="job"}')).toBe(0);
  expect(value('workqueue_adds_total{name="job"}')).toBe(3);
  for (let left = 2; left > 0; left -= 1) queue.done((await queue.next()) ?? '');
  expect(value('workqueue_depth{name="job"}')).toBe(0);
});
