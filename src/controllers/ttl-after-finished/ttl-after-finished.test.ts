import { describe, expect, test } from '@jest/globals';
import { rfc3339 } from '../../base/clock.ts';
import { refs } from '../../client/refs.ts';
import type { Bench } from '../testing/bench.ts';
import { startBench } from '../testing/bench.ts';
import { ttlAfterFinishedController } from './index.ts';

const start = Date.UTC(2026, 0, 1);

function makeJob(ttl: number | undefined, condition: string | undefined): object {
  const conditions = condition === undefined ? [] : [{ type: condition, status: 'True', lastTransitionTime: rfc3339(start - 10_000) }];
  return {
    metadata: { name: 'work', namespace: 'shop', generation: 1 },
    spec: { ...(ttl === undefined ? {} : { ttlSecondsAfterFinished: ttl }), template: {} },
    status: { conditions },
  };
}
const startWith = (job: object): Promise<Bench> =>
  startBench([ttlAfterFinishedController], { seed: (client) => void client.seed(refs.jobs, job) });
const goes = (bench: Bench): boolean => bench.client.peek(refs.jobs, 'shop/work')?.metadata.deletionTimestamp !== undefined;
const pass = async (bench: Bench, ms: number): Promise<void> => {
  await bench.clock.advance(ms);
  await bench.settle();
};

describe('TTL after finished', () => {
  test.each(['Complete', 'Failed'])('a Job that is %s goes in the foreground when its time is over', async (type) => {
    await using bench = await startWith(makeJob(30, type));
    await pass(bench, 19_999);
    expect(goes(bench)).toBe(false);
    await pass(bench, 1);
    expect(goes(bench)).toBe(true);
    expect(bench.client.peek(refs.jobs, 'shop/work')?.metadata.finalizers).toEqual(['foregroundDeletion']);
  });

  test.each([
    ['no TTL', makeJob(undefined, 'Complete')],
    ['not finished', makeJob(0, undefined)],
    ['other conditions', makeJob(0, 'FailureTarget')],
  ])('stays: %s', async (_, job) => {
    await using bench = await startWith(job);
    await pass(bench, 1_000_000);
    expect(goes(bench)).toBe(false);
  });

  test('a raised TTL counts, a lowered one too', async () => {
    await using bench = await startWith(makeJob(30, 'Complete'));
    const set = (ttl: number): Promise<unknown> =>
      bench.client
        .resource(refs.jobs)
        .patch('shop', 'work', { type: 'application/merge-patch+json', body: { spec: { ttlSecondsAfterFinished: ttl } } });
    await set(1000);
    await pass(bench, 30_000);
    expect(goes(bench)).toBe(false);
    await set(35);
    await pass(bench, 0);
    expect(goes(bench)).toBe(true);
  });
});
