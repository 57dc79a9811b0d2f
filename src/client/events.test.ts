import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { createRecorder, createSeriesRecorder, referenceTo } from './events.ts';
import { refs } from './refs.ts';
import { createFakeClient } from './testing/fake-client.ts';
import { settle } from './testing/until.ts';

function setUp() {
  const clock = new FakeClock();
  const client = createFakeClient({ clock });
  const pod = client.seed(refs.pods, { metadata: { name: 'web', namespace: 'shop', uid: 'u1' }, spec: { containers: [] } });
  return {
    clock,
    client,
    about: referenceTo(refs.pods, pod),
    options: { client, clock, logger: silentLogger, component: 'kubelet', host: 'n1' },
  };
}

describe('event recorder', () => {
  test('writes an Event in upstream field layout', async () => {
    const { client, about, options } = setUp();
    const recorder = createRecorder(options);
    recorder.event({ ...about, fieldPath: 'spec.containers{web}' }, 'Normal', 'Pulled', 'image is there');
    await recorder.stop();
    expect(client.all(refs.events)).toMatchObject([
      {
        metadata: { name: expect.stringMatching(/^web\.[0-9a-f]{16}$/), namespace: 'shop' },
        involvedObject: { kind: 'Pod', apiVersion: 'v1', namespace: 'shop', name: 'web', uid: 'u1', fieldPath: 'spec.containers{web}' },
        type: 'Normal',
        reason: 'Pulled',
        message: 'image is there',
        count: 1,
        firstTimestamp: '2026-01-01T00:00:00Z',
        lastTimestamp: '2026-01-01T00:00:00Z',
        source: { component: 'kubelet', host: 'n1' },
        reportingComponent: 'kubelet',
        reportingInstance: 'n1',
      },
    ]);
  });

  test('what several recorders say of one name in the same moment is all written', async () => {
    const { client, about, options } = setUp();
    const recorders = Array.from({ length: 5 }, (_, at) => createRecorder({ ...options, component: `part-${String(at)}` }));
    for (const recorder of recorders) recorder.event(about, 'Normal', 'Told', 'once');
    await Promise.all(recorders.map((recorder) => recorder.stop()));
    expect(client.all(refs.events)).toHaveLength(5);
  });

  test('repeats are counted in one Event', async () => {
    const { client, about, options, clock } = setUp();
    const recorder = createRecorder(options);
    recorder.event(about, 'Warning', 'BackOff', 'again');
    recorder.event(about, 'Warning', 'BackOff', 'again');
    await settle();
    await clock.advance(10_000);
    recorder.event(about, 'Warning', 'BackOff', 'again');
    await recorder.stop();
    expect(client.all(refs.events)).toMatchObject([
      { count: 3, firstTimestamp: '2026-01-01T00:00:00Z', lastTimestamp: '2026-01-01T00:00:10Z' },
    ]);
  });

  test('a counted Event that has expired is created anew', async () => {
    const { client, about, options } = setUp();
    const recorder = createRecorder(options);
    recorder.event(about, 'Warning', 'BackOff', 'again');
    await settle();
    const name = client.all(refs.events)[0]?.metadata.name ?? '';
    client.remove(refs.events as never, `shop/${name}`);
    recorder.event(about, 'Warning', 'BackOff', 'again');
    await recorder.stop();
    expect(client.all(refs.events)).toMatchObject([{ metadata: { name }, count: 2 }]);
  });

  test('from the tenth different message on they are combined', async () => {
    const { client, about, options } = setUp();
    const recorder = createRecorder(options);
    for (let at = 1; at <= 12; at += 1) recorder.event(about, 'Normal', 'SuccessfulCreate', `Created pod: web-${String(at)}`);
    await recorder.stop();
    const events = client.all(refs.events);
    expect(events).toHaveLength(10);
    expect(events.at(-1)).toMatchObject({ message: '(combined from similar events): Created pod: web-12', count: 3 });
  });

  test('25 events of one source about one object, then one every five minutes', async () => {
    const { client, about, options, clock } = setUp();
    const recorder = createRecorder(options);
    for (let at = 0; at < 30; at += 1) recorder.event(about, 'Normal', `Reason${String(at)}`, 'x');
    await settle();
    expect(client.all(refs.events)).toHaveLength(25);
    await clock.advance(300_000);
    recorder.event(about, 'Normal', 'Later', 'x');
    recorder.event(about, 'Normal', 'TooMuch', 'x');
    await recorder.stop();
    expect(client.all(refs.events).map((event) => event.reason)).toContain('Later');
    expect(client.all(refs.events)).toHaveLength(26);
  });

  test('a cluster-scoped object has its events in default', async () => {
    const { client, options } = setUp();
    const recorder = createRecorder(options);
    recorder.event({ kind: 'Node', name: 'n1', uid: 'n1', apiVersion: 'v1' }, 'Normal', 'NodeReady', 'ready');
    await recorder.stop();
    expect(client.all(refs.events)[0]?.metadata.namespace).toBe('default');
  });
});

describe('series recorder', () => {
  test('a repeat becomes a series, further ones write nothing', async () => {
    const { client, about, options } = setUp();
    const recorder = createSeriesRecorder({ ...options, component: 'default-scheduler', host: 'm', pace: { perSecond: 50, burst: 100 } });
    for (let at = 0; at < 4; at += 1)
      recorder.event(about, 'Warning', 'FailedScheduling', { action: 'Scheduling', message: `${String(at)} nodes` });
    await recorder.stop();
    expect(client.all(refs.events)).toMatchObject([
      {
        reason: 'FailedScheduling',
        action: 'Scheduling',
        message: '0 nodes',
        reportingComponent: 'default-scheduler',
        reportingInstance: 'default-scheduler-m',
        eventTime: '2026-01-01T00:00:00.000000Z',
        series: { count: 2, lastObservedTime: '2026-01-01T00:00:00.000000Z' },
      },
    ]);
    expect(client.actions).toHaveLength(2);
  });
});
