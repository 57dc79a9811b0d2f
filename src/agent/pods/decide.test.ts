import { describe, expect, test } from '@jest/globals';
import { exited, testContainer, testPod, testSpec, testView } from '../testing/pods.ts';
import { decide } from './decide.ts';
import type { ContainerView } from './model.ts';

const names = (views: readonly ContainerView[], pod = testPod()): string[] => decide(pod, views).start.map((spec) => spec.container.name);
const run = testContainer();

describe('init containers', () => {
  const first = testSpec('a', 'init');
  const second = testSpec('b', 'init');
  const main = testView(testSpec());

  test('run one after the other, before the main ones', () => {
    expect(names([testView(first), testView(second), main])).toEqual(['a']);
    expect(names([testView(first, { current: run }), testView(second), main])).toEqual([]);
    expect(names([testView(first, { current: exited(0) }), testView(second), main])).toEqual(['b']);
    expect(names([testView(first, { current: exited(0) }), testView(second, { current: exited(0) }), main])).toEqual(['web']);
  });

  test('are tried again unless the pod forbids it, which ends the pod', () => {
    const failed = [testView(first, { current: exited(1) }), main];
    expect(names(failed)).toEqual(['a']);
    const never = testPod({ spec: { restartPolicy: 'Never' } });
    expect(decide(never, failed)).toMatchObject({ start: [], finished: true });
  });

  test('are not repeated once a main container was there', () => {
    expect(names([testView(first), testView(testSpec(), { current: exited(1) })])).toEqual(['web']);
  });

  test('a sidecar lets the next go on when it has started', () => {
    const side = testSpec('side', 'sidecar');
    expect(names([testView(side), testView(second), main])).toEqual(['side']);
    expect(names([testView(side, { current: run }), testView(second), main])).toEqual([]);
    expect(names([testView(side, { current: run, started: true }), testView(second), main])).toEqual(['b']);
  });
});

describe('main containers', () => {
  const both = [testView(testSpec('a')), testView(testSpec('b'))];

  test('start together', () => {
    expect(names(both)).toEqual(['a', 'b']);
  });

  test('that are busy or run are left alone', () => {
    expect(
      names([testView(testSpec('a'), { busy: true }), testView(testSpec('b'), { current: testContainer({ specHash: 'b=b:1' }) })]),
    ).toEqual([]);
  });

  test.each([
    ['Always', 0, true],
    ['Always', 1, true],
    ['OnFailure', 0, false],
    ['OnFailure', 1, true],
    ['Never', 1, false],
  ])('restart policy %s after exit %d: %s', (restartPolicy, code, again) => {
    const pod = testPod({ spec: { restartPolicy } });
    const decision = decide(pod, [testView(testSpec(), { current: exited(code) })]);
    expect(decision.start.length > 0).toBe(again);
    expect(decision.finished).toBe(!again);
  });

  test('a rule of the container goes before the policy', () => {
    const rules = [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }];
    const spec = testSpec('web', 'main', { restartPolicy: 'Never', restartPolicyRules: rules });
    expect(names([testView(spec, { current: exited(42) })])).toEqual(['web']);
    expect(decide(testPod(), [testView(spec, { current: exited(1) })]).finished).toBe(true);
  });

  test('another image ends the container', () => {
    const view = testView(testSpec('web', 'main', { image: 'web:2' }), { current: run });
    expect(decide(testPod(), [view]).kill).toMatchObject([
      { reason: 'changed', message: 'Container web definition changed, will be restarted' },
    ]);
  });

  test('a failed probe ends the container', () => {
    const view = testView(testSpec(), { current: run, failedProbe: 'liveness' });
    expect(decide(testPod(), [view]).kill).toMatchObject([{ message: 'Container web failed liveness probe, will be restarted' }]);
    const never = testPod({ spec: { restartPolicy: 'Never' } });
    expect(decide(never, [view]).kill).toMatchObject([{ message: 'Container web failed liveness probe' }]);
  });
});

test('sidecars end when the main containers have ended for good', () => {
  const side = testView(testSpec('side', 'sidecar'), { current: testContainer({ id: 's' }), started: true });
  const decision = decide(testPod({ spec: { restartPolicy: 'Never' } }), [side, testView(testSpec(), { current: exited(0) })]);
  expect(decision).toMatchObject({ finished: true, kill: [{ container: { id: 's' }, reason: 'finished' }] });
});
