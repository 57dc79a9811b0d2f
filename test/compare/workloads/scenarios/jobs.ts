import type { Scenario, ScenarioStep } from '../scenario.ts';
import { change, end, every, finishDeletions, nth, removal, run, scenario, step, wait, withIndex, withPods } from '../scenario.ts';

const template = (restartPolicy = 'Never'): object => ({
  metadata: { labels: { app: 'x' } },
  spec: { restartPolicy, containers: [{ name: 'c', image: 'i' }] },
});
const create = (spec: object = {}): ScenarioStep =>
  step('create', (world) =>
    world.create({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'j' }, spec: { template: template(), ...spec } }),
  );
const spec = (body: object): ScenarioStep['act'] => change('Job', 'j', { spec: body });
const two = { parallelism: 2, completions: 2 };
const indexed = { completionMode: 'Indexed', completions: 4, parallelism: 2 };
const removePods = withPods(every, (world, pod) => world.remove('Pod', pod.metadata.name));
const restarted = withPods(every, async (world, pod) => {
  await world.run(pod);
  const containerStatuses = [{ name: 'c', image: 'i', imageID: '', ready: true, restartCount: 2, state: { running: {} } }];
  await world.setStatus(pod, { containerStatuses });
});
const failurePolicy = {
  rules: [
    { action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } },
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
  ],
};
const disrupted = { conditions: [{ type: 'DisruptionTarget', status: 'True' }] };
const failIndex = { rules: [{ action: 'FailIndex', onExitCodes: { operator: 'In', values: [7] } }] };
const gone = step('pods gone', finishDeletions);

export const jobScenarios: readonly Scenario[] = [
  scenario(
    'job plain',
    create({ completions: 3, parallelism: 2 }),
    step('run', run()),
    step('one succeeds', end(0, nth(0))),
    step('more', end(0)),
    step('last', end(0)),
  ),
  scenario(
    'job work queue',
    create({ parallelism: 3 }),
    step('one succeeds', end(0, nth(0))),
    step('one fails', end(1, nth(0))),
    step('the rest', end(0)),
  ),
  scenario(
    'job back-off limit',
    create({ backoffLimit: 1, ...two }),
    step('run', run()),
    step('one fails', end(1, nth(0))),
    wait('back-off', 9500),
    step('another', end(1, nth(0))),
    gone,
  ),
  scenario('job deadline', create({ activeDeadlineSeconds: 25, ...two }), step('run', run(), 25_000), gone),
  scenario(
    'job suspend',
    create(two),
    step('run', run(nth(0))),
    step('suspend', spec({ suspend: true })),
    gone,
    step('resume', spec({ suspend: false })),
    step('succeed', end(0)),
  ),
  scenario('job born suspended', create({ suspend: true }), step('resume', spec({ suspend: false }))),
  scenario(
    'job indexed',
    create(indexed),
    step('1 succeeds', end(0, withIndex(1))),
    step('0 fails', end(1, withIndex(0))),
    step('2 succeeds', end(0, withIndex(2))),
    wait('back-off', 9000),
    step('more', end(0)),
    step('last', end(0)),
  ),
  scenario(
    'job limit per index',
    create({ ...indexed, backoffLimitPerIndex: 1, maxFailedIndexes: 2 }),
    step('0 fails', end(1, withIndex(0))),
    wait('back-off', 9000),
    step('0 fails again', end(1, withIndex(0))),
    step('one succeeds', end(0)),
    step('others fail', end(1)),
    wait('back-off again', 9000),
    step('others fail again', end(1)),
  ),
  scenario(
    'job pod failure policy',
    create({ ...two, podFailurePolicy: failurePolicy }),
    step('run', run()),
    step('ignored', end(137, nth(0), disrupted)),
    step('fatal', end(42, nth(0))),
    gone,
  ),
  scenario(
    'job success policy',
    create({ ...indexed, parallelism: 4, successPolicy: { rules: [{ succeededIndexes: '0-1', succeededCount: 1 }] } }),
    step('run', run()),
    step('1 succeeds', end(0, withIndex(1))),
    gone,
  ),
  scenario(
    'job fail index',
    create({ ...indexed, parallelism: 4, backoffLimitPerIndex: 3, podFailurePolicy: failIndex }),
    step('2 fails', end(7, withIndex(2))),
    step('others succeed', end(0)),
  ),
  scenario(
    'job replaces failed only',
    create({ podReplacementPolicy: 'Failed' }),
    step('run', run()),
    step('deleted', removePods),
    gone,
    wait('back-off', 9000),
  ),
  scenario('job replaces terminating', create(), step('run', run()), step('deleted', removePods), wait('back-off', 9000), gone),
  scenario(
    'job parallelism',
    create({ parallelism: 3, completions: 5 }),
    step('run', run(nth(1))),
    step('less', spec({ parallelism: 1 })),
    gone,
    step('none', spec({ parallelism: 0 })),
    gone,
    step('more', spec({ parallelism: 4 })),
  ),
  scenario(
    'job elastic',
    create({ ...indexed, parallelism: 4 }),
    step('0 succeeds', end(0, withIndex(0))),
    step('less', spec(two)),
    gone,
    step('more', spec({ parallelism: 5, completions: 5 })),
  ),
  scenario('job managed elsewhere', create({ managedBy: 'example.com/x' })),
  scenario('job ttl', create({ ttlSecondsAfterFinished: 4 }), step('succeeds', end(0), 2500), wait('later', 6000)),
  scenario('job orphaned', create(two), step('run', run()), step('deleted', removal('Job', 'j', 'Orphan'), 5000)),
  scenario(
    'job deleted in the background',
    create(two),
    step('run', run(nth(0))),
    step('deleted', removal('Job', 'j', 'Background'), 5000),
  ),
  scenario(
    'job deleted in the foreground',
    create(two),
    step('run', run(nth(0))),
    step('deleted', removal('Job', 'j', 'Foreground'), 5000),
    step('pods gone', finishDeletions, 5000),
  ),
  scenario('job restarts', create({ backoffLimit: 2, template: template('OnFailure') }), step('restarted', restarted), gone),
];
