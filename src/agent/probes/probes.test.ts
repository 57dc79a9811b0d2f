import { describe, expect, test } from '@jest/globals';
import { delay, FakeClock } from '../../base/clock.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { t0, testSpec } from '../testing/pods.ts';
import { startContainerProbes } from './container-probes.ts';
import { probeEvent } from '../pods/pod-events.ts';
import { testPod } from '../testing/pods.ts';
import { createProbeMetrics } from './metrics.ts';
import type { ProbeResult } from './probe.ts';
import { startProber } from './prober.ts';

describe('one probe over time', () => {
  function setUp(probe: object, results: (boolean | 'error')[]) {
    const clock = new FakeClock(t0);
    const tries: number[] = [];
    const decided: string[] = [];
    const prober = startProber({
      probe: { periodSeconds: 10, failureThreshold: 3, successThreshold: 1, ...probe },
      clock,
      startedAt: t0,
      attempt: async () => {
        tries.push((clock.now() - t0) / 1000);
        const next = results.shift() ?? true;
        return next === 'error' ? { ok: false, output: '', errored: true } : { ok: next, output: '' };
      },
      tried: () => undefined,
      decided: (ok) => void decided.push(`${(clock.now() - t0) / 1000}:${ok}`),
    });
    return { clock, tries, decided, prober };
  }

  test('is tried right after the start, then every period', async () => {
    const { clock, tries, decided } = setUp({}, []);
    await clock.advance(20_000);
    expect(tries).toEqual([0, 10, 20]);
    expect(decided).toEqual(['0:true']);
  });

  test('a try that takes longer than the period is followed by the next at once, then everything is on time again', async () => {
    const clock = new FakeClock(t0);
    const tries: number[] = [];
    const takes = [25_000, 4000];
    const prober = startProber({
      ...{ probe: { periodSeconds: 10 }, clock, startedAt: t0, tried: () => undefined, decided: () => undefined },
      attempt: async () => {
        tries.push((clock.now() - t0) / 1000);
        await delay(clock, takes.shift() ?? 0);
        return { ok: true, output: '' };
      },
    });
    await clock.advance(40_000);
    expect(tries).toEqual([0, 25, 30, 40]);
    await prober.stop();
  });

  test('waits for the initial delay, counted from the start of the container', async () => {
    const { clock, tries } = setUp({ initialDelaySeconds: 5, periodSeconds: 1 }, []);
    await clock.advance(7000);
    expect(tries).toEqual([5, 6, 7]);
  });

  test('fails and succeeds only when its thresholds are reached in a row', async () => {
    const { clock, decided } = setUp({ periodSeconds: 1, successThreshold: 2 }, [false, false, true, false, false, false, true, true]);
    await clock.advance(8000);
    expect(decided).toEqual(['5:false', '7:true']);
  });

  test('tries that found out nothing do not count', async () => {
    const { clock, decided } = setUp({ periodSeconds: 1 }, [false, 'error', false, 'error', false]);
    await clock.advance(4000);
    expect(decided).toEqual(['4:false']);
  });

  test('ends when it is stopped', async () => {
    const { clock, tries, prober } = setUp({}, []);
    await clock.advance(0);
    await prober.stop();
    await clock.advance(60_000);
    expect(tries).toEqual([0]);
  });
});

test('liveness and readiness wait for the startup probe', async () => {
  const clock = new FakeClock(t0);
  const results: string[] = [];
  const probe = { tcpSocket: { port: 1 }, periodSeconds: 1 };
  const { container } = testSpec('web', 'main', { startupProbe: probe, livenessProbe: probe, readinessProbe: probe });
  const target = { runtime: { real: false } as Runtime, containerId: 'c', container, podIP: '' };
  const options = {
    target,
    startedAt: t0,
    clock,
    tried: () => undefined,
    result: (kind: string, ok: boolean) => void results.push(`${kind} ${ok}`),
  };
  const probes = startContainerProbes({ ...options, alreadyStarted: false });
  await clock.advance(0);
  await clock.advance(0);
  await probes.stop();
  expect(results).toEqual(['startup true', 'liveness true', 'readiness true']);
});

test('what a try says in events', () => {
  const said = (result: ProbeResult): unknown => probeEvent('liveness', result);
  expect(said({ ok: true, output: 'fine' })).toBeUndefined();
  expect(said({ ok: false, output: 'no' })).toEqual(['Warning', 'Unhealthy', 'Liveness probe failed: no']);
  expect(said({ ok: true, warning: true, output: 'w' })).toEqual(['Warning', 'ProbeWarning', 'Liveness probe warning: w']);
  expect(said({ ok: false, errored: true, output: 'e' })).toEqual([
    'Warning',
    'Unhealthy',
    'Liveness probe errored and resulted in unknown state: e',
  ]);
});

test('probes are counted by result, and timed when they succeed, until the container goes', () => {
  const metrics = createProbeMetrics();
  const of = { pod: testPod(), container: 'web', kind: 'readiness' } as const;
  metrics.note(of, { ok: true, output: '' }, 0.02);
  metrics.note(of, { ok: false, output: '' }, 0.02);
  metrics.note(of, { ok: false, output: '', errored: true }, 0.02);
  const labels = 'container="web",namespace="ns",pod="p",pod_uid="u1",probe_type="Readiness"';
  expect(metrics.text()).toContain(`prober_probe_total{${labels},result="successful"} 1\n`);
  expect(metrics.text()).toContain(`prober_probe_total{${labels},result="failed"} 1\n`);
  expect(metrics.text()).toContain(
    'prober_probe_duration_seconds_bucket{container="web",namespace="ns",pod="p",probe_type="Readiness",le="0.025"} 1\n',
  );
  metrics.forget(of);
  expect(metrics.text()).toBe('');
});
