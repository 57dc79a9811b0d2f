import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type * as t from '../../api/generated/types.ts';
import { FakeClock } from '../../base/clock.ts';
import { MetricRegistry } from '../../base/metrics.ts';
import { requestInfo } from '../request-info.ts';
import { mandatoryLevels, mandatorySchemas, suggestedLevels, suggestedSchemas } from './bootstrap.ts';
import { planOf } from './configuration.ts';
import { FlowControl, type Pass } from './flow-control.ts';

const levels = [...mandatoryLevels, ...suggestedLevels].map((level) => ({
  ...level,
  metadata: { ...level.metadata, uid: `level-${level.metadata.name ?? ''}` },
})) as unknown as t.PriorityLevelConfiguration[];
const schemas = [...mandatorySchemas, ...suggestedSchemas].map((schema) => ({
  ...schema,
  metadata: { ...schema.metadata, uid: `schema-${schema.metadata.name ?? ''}` },
  status: {},
})) as unknown as t.FlowSchema[];

const user = (name: string, ...groups: string[]) => ({ name, groups: [...groups, 'system:authenticated'] });
const alice = user('alice');
const bob = user('bob');

let clock: FakeClock;
let metrics: MetricRegistry;
let flow: FlowControl;

beforeEach(() => {
  clock = new FakeClock();
  metrics = new MetricRegistry();
  flow = new FlowControl({ clock, metrics, facts: { stored: () => undefined, watches: () => 0 } });
  flow.configure(planOf(levels, schemas));
});
afterEach(() => flow.stop());

function ask(who = alice, path = '/api/v1/namespaces/default/pods/p', method = 'GET'): Pass | Promise<Pass> {
  const pass = flow.admit({ user: who, info: requestInfo(method, path, false), query: () => new URLSearchParams(), patienceMs: 5000 });
  return pass.decided === undefined ? pass : pass.decided.then(() => pass);
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
const metric = (line: string): string | undefined =>
  metrics
    .text()
    .split('\n')
    .find((text) => text.startsWith(`${line} `))
    ?.split(' ')[1];

describe('seats', () => {
  test('idle limits are those of a real kube-apiserver 1.36.3 at rest', () => {
    const names = ['catch-all', 'global-default', 'leader-election', 'node-high', 'system', 'workload-high', 'workload-low'];
    const limit = (kind: string) => names.map((name) => metric(`apiserver_flowcontrol_${kind}_limit_seats{priority_level="${name}"}`));
    expect(limit('nominal')).toEqual(['13', '49', '25', '98', '74', '98', '245']);
    expect(limit('lower')).toEqual(['13', '24', '25', '73', '50', '49', '24']);
    expect(limit('upper')).toEqual(['613', '649', '625', '698', '674', '698', '845']);
    expect(limit('current')).toEqual(['30', '56', '58', '170', '117', '114', '56']);
  });

  test('a request holds its seat until it is done, and says which schema it came under', () => {
    const pass = ask() as Pass;
    expect(pass.state).toBe('executing');
    expect(pass.headers).toEqual([
      'X-Kubernetes-Pf-Flowschema-Uid',
      'schema-global-default',
      'X-Kubernetes-Pf-Prioritylevel-Uid',
      'level-global-default',
    ]);
    const labels = '{flow_schema="global-default",priority_level="global-default"}';
    expect(metric(`apiserver_flowcontrol_current_executing_requests${labels}`)).toBe('1');
    flow.done(pass);
    flow.done(pass);
    expect(metric(`apiserver_flowcontrol_current_executing_requests${labels}`)).toBe('0');
    expect(metric(`apiserver_flowcontrol_dispatched_requests_total${labels}`)).toBe('1');
  });

  test('beyond the limit requests wait, then are refused; what ends lets the next one go', async () => {
    const passes = Array.from({ length: 56 }, () => ask() as Pass);
    expect(passes.every(({ state }) => state === 'executing')).toBe(true);
    const waiting = Array.from({ length: 300 }, () => ask());
    expect(waiting.every((pass) => pass instanceof Promise)).toBe(true);
    const refused = ask() as Pass;
    expect(refused).toMatchObject({ state: 'over', retryAfter: 1 });
    expect(
      metric(
        'apiserver_flowcontrol_rejected_requests_total{flow_schema="global-default",priority_level="global-default",reason="queue-full"}',
      ),
    ).toBe('1');
    flow.done(passes[0] as Pass);
    const first = await Promise.race(waiting as Promise<Pass>[]);
    expect(first.state).toBe('executing');
    const labels = '{flow_schema="global-default",priority_level="global-default"}';
    expect(metric(`apiserver_flowcontrol_current_inqueue_requests${labels}`)).toBe('299');
  });

  test('another user waits for a turn, not for the crowd', async () => {
    let running: Pass[] = [];
    const started: string[] = [];
    const note = async (name: string, asked: Pass | Promise<Pass>): Promise<void> => {
      const pass = await asked;
      running.push(pass);
      started.push(name);
    };
    const crowd = Array.from({ length: 300 }, () => note('alice', ask(alice)));
    await clock.advance(10);
    const late = note('bob', ask(bob));
    await settled();
    while (running.length > 0) {
      const batch = running;
      running = [];
      for (const pass of batch) flow.done(pass);
      await settled();
      await clock.advance(10);
    }
    await Promise.all([...crowd, late]);
    expect(started).toHaveLength(301);
    expect(started.indexOf('bob')).toBeLessThan(112);
  });

  test('who waits too long is refused, and who has gone leaves the queue', async () => {
    const passes = Array.from({ length: 56 }, () => ask() as Pass);
    const late = ask() as Promise<Pass>;
    const gone = flow.admit({
      user: alice,
      info: requestInfo('GET', '/version', false),
      query: () => new URLSearchParams(),
      patienceMs: 60_000,
    });
    await clock.advance(5000);
    expect(await late).toMatchObject({ state: 'over', retryAfter: 1 });
    expect(metric('apiserver_flowcontrol_current_inqueue_requests{flow_schema="global-default",priority_level="global-default"}')).toBe(
      '1',
    );
    passes.forEach((pass) => flow.done(pass));
    passes.push(...Array.from({ length: 56 }, () => ask() as Pass));
    const left = flow.admit({
      user: alice,
      info: requestInfo('GET', '/version', false),
      query: () => new URLSearchParams(),
      patienceMs: 60_000,
    });
    flow.done(left);
    expect(left.state).toBe('over');
    await gone.decided;
    expect(gone.state).toBe('executing');
  });

  test('the catch-all level refuses without queues; the exempt one never', () => {
    const nobody = { name: 'x', groups: [] };
    const passes = Array.from({ length: 31 }, () => ask(nobody) as Pass);
    expect(passes.map(({ state }) => state)).toEqual([...Array<string>(30).fill('executing'), 'over']);
    const master = user('root', 'system:masters');
    expect(Array.from({ length: 2000 }, () => ask(master) as Pass).every(({ state }) => state === 'executing')).toBe(true);
  });

  test('probes are exempt whoever asks', () => {
    expect((ask({ name: 'system:anonymous', groups: ['system:unauthenticated'] }, '/livez/ping') as Pass).headers).toContain(
      'schema-probes',
    );
  });
});

describe('borrowing', () => {
  test('a level in need gets the seats of idle ones, and nothing ticks afterwards', async () => {
    const account = user('system:serviceaccount:default:x', 'system:serviceaccounts');
    const passes = Array.from({ length: 56 }, () => ask(account) as Pass);
    const waiting = Array.from({ length: 100 }, () => ask(account) as Promise<Pass>);
    await clock.advance(10_000);
    const limit = Number(metric('apiserver_flowcontrol_current_limit_seats{priority_level="workload-low"}'));
    expect(limit).toBeGreaterThan(150);
    const after: string[] = [];
    for (const pass of [...passes, ...(await Promise.all(waiting))]) {
      flow.done(pass);
      after.push(pass.state);
    }
    expect(after).toHaveLength(156);
    await clock.advance(20_000);
    const calls: number[] = [];
    const original = clock.after.bind(clock);
    clock.after = (ms, call) => (calls.push(ms), original(ms, call));
    await clock.advance(3_600_000);
    expect(calls).toEqual([]);
  });
});

describe('a level that has lent all its seats', () => {
  const queuing = { queues: 1, handSize: 1, queueLengthLimit: 5 };
  const limited = { nominalConcurrencyShares: 1, lendablePercent: 100, limitResponse: { type: 'Queue', queuing } };
  const lender = { metadata: { name: 'lender', uid: 'l' }, spec: { type: 'Limited', limited } } as never;
  const schema = {
    metadata: { name: 'lent', uid: 's' },
    spec: {
      matchingPrecedence: 1,
      priorityLevelConfiguration: { name: 'lender' },
      rules: [
        {
          subjects: [{ kind: 'User', user: { name: 'alice' } }],
          resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true }],
        },
      ],
    },
    status: {},
  } as never;

  test('has some soon after somebody comes when that has not been reckoned for long', async () => {
    flow.configure(planOf([...levels, lender], [...schemas, schema]));
    expect(metric('apiserver_flowcontrol_current_limit_seats{priority_level="lender"}')).toBe('0');
    await clock.advance(60_000);
    const pass = ask();
    expect(pass).toBeInstanceOf(Promise);
    await clock.advance(200);
    expect((await pass).state).toBe('executing');
    flow.done(await pass);
  });
});

describe('configuration', () => {
  test('what is mandatory works without objects', () => {
    flow.configure(planOf([], []));
    expect((ask(user('root', 'system:masters')) as Pass).headers).toEqual([
      'X-Kubernetes-Pf-Flowschema-Uid',
      '',
      'X-Kubernetes-Pf-Prioritylevel-Uid',
      '',
    ]);
    expect((ask(alice) as Pass).flow.planned.name).toBe('catch-all');
  });

  test('a level whose object has gone stays until its requests are through', async () => {
    const passes = Array.from({ length: 56 }, () => ask() as Pass);
    const waiting = ask() as Promise<Pass>;
    flow.configure(
      planOf(
        levels.filter(({ metadata }) => metadata.name !== 'global-default'),
        schemas,
      ),
    );
    expect((ask() as Pass).flow.planned.name).toBe('catch-all');
    expect(metric('apiserver_flowcontrol_nominal_limit_seats{priority_level="global-default"}')).toBe('49');
    passes.forEach((pass) => flow.done(pass));
    flow.done(await waiting);
    expect(metric('apiserver_flowcontrol_nominal_limit_seats{priority_level="global-default"}')).toBeUndefined();
  });
});

describe('turns', () => {
  test('what comes in a turn that has lasted too long waits for the next one', async () => {
    const first = ask() as Pass;
    expect(first.state).toBe('executing');
    clock.monotonic = (
      (now) => () =>
        now
    )(clock.monotonic() + 10);
    const second = ask(bob);
    expect(second).toBeInstanceOf(Promise);
    await settled();
    expect((await second).state).toBe('executing');
  });
});
