import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type * as t from '../../api/generated/types.ts';
import { requestInfo } from '../request-info.ts';
import { allocate } from './allocation.ts';
import { exemptLevel, suggestedLevels } from './bootstrap.ts';
import { Classifier } from './classify.ts';
import { planOf } from './configuration.ts';
import { DroppedRequests } from './dropped-requests.ts';
import { SeatDemand } from './seat-demand.ts';
import { dealFault, dealHand, hashFlow } from './shuffle-sharding.ts';
import { estimateWork, type WorkFacts } from './work.ts';

describe('shuffle sharding', () => {
  test('a hand has different cards below the deck size, and the same hash the same hand', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.integer({ min: 8, max: 512 }),
        fc.integer({ min: 1, max: 6 }),
        (hash, deck, size) => {
          const hand = dealHand(hash, deck, size);
          expect(new Set(hand).size).toBe(size);
          expect(hand.every((card) => card >= 0 && card < deck)).toBe(true);
          expect(dealHand(hash, deck, size)).toEqual(hand);
        },
      ),
    );
  });
  test("upstream's way of dealing", () => {
    // 1000 = 8 + 128 * 7, 7 = 7 + 127 * 0, then nothing but zeros, each moved behind the cards that are dealt already.
    expect(dealHand(1000n, 128, 4)).toEqual([104, 7, 0, 1]);
  });
  test('flows have hashes of their own', () => expect(hashFlow('a', 'bc')).not.toBe(hashFlow('ab', 'c')));
  test('hands that cannot be dealt evenly are refused', () => {
    expect(dealFault(128, 6)).toBeUndefined();
    expect(dealFault(4, 5)).toBe('handSize 5 is greater than deckSize 4');
    expect(dealFault(1024, 7)).toBe('required entropy bits of deckSize 1024 and handSize 7 is greater than 60');
    expect(dealFault(0, 1)).toBe('deckSize 0 or handSize 1 is not positive');
  });
});

describe('allocation', () => {
  const claim = fc
    .tuple(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 100 }))
    .map(([lower, more, above]) => ({ lower, upper: lower + more, target: lower + above }));

  test('shares add up, keep the bounds and are the same fraction of their targets elsewhere', () => {
    fc.assert(
      fc.property(fc.array(claim, { minLength: 1, maxLength: 8 }), fc.double({ min: 0, max: 1, noNaN: true }), (claims, where) => {
        const low = claims.reduce((sum, { lower }) => sum + lower, 0);
        const high = claims.reduce((sum, { upper }) => sum + upper, 0);
        const sum = low + Math.floor((high - low) * where);
        const found = allocate(sum, claims);
        expect(found).toBeDefined();
        const { shares = [], fraction = 0 } = found ?? {};
        expect(shares.reduce((a, b) => a + b, 0)).toBeCloseTo(sum, 4);
        claims.forEach(({ lower, upper, target }, at) => {
          const share = shares[at] ?? -1;
          expect(share).toBeGreaterThanOrEqual(lower);
          expect(share).toBeLessThanOrEqual(upper);
          const fair = fraction * Math.max(target, 0.001);
          if (share > lower + 1e-6) expect(fair).toBeGreaterThanOrEqual(share - 1e-6);
          if (share < upper - 1e-6) expect(fair).toBeLessThanOrEqual(share + 1e-6);
        });
      }),
    );
  });
  test('bounds that contradict the sum', () => {
    expect(allocate(5, [{ lower: 6, upper: 9, target: 6 }])).toBeUndefined();
    expect(allocate(10, [{ lower: 6, upper: 9, target: 6 }])).toBeUndefined();
  });
});

describe('seat demand', () => {
  test('average, deviation and high watermark by time; smoothed up at once and down slowly', () => {
    const demand = new SeatDemand(0);
    demand.set(10, 0);
    demand.set(0, 5);
    expect(demand.close(10)).toEqual({ average: 5, deviation: 5, highWatermark: 10, smoothed: 10 });
    expect(demand.close(20)).toEqual({ average: 0, deviation: 0, highWatermark: 0, smoothed: 9.77 });
    expect(demand.close(320, 30).smoothed).toBeCloseTo(9.77 * 0.977 ** 30);
  });
});

describe('refused requests', () => {
  test('clients are sent away for longer while many are refused, and for less afterwards', () => {
    const dropped = new DroppedRequests();
    const at = (second: number, times: number): number => Array.from({ length: times }, () => dropped.record(second)).at(-1) ?? 0;
    expect(at(100, 10)).toBe(1);
    expect(at(101, 10)).toBe(2);
    expect(at(102, 10)).toBe(2);
    expect(at(103, 10)).toBe(4);
    expect(at(200, 1)).toBe(3);
    expect(at(300, 1)).toBe(2);
  });
});

describe('classification', () => {
  const rules = (subjects: t.FlowcontrolV1Subject[], rest: Partial<t.PolicyRulesWithSubjects>): t.PolicyRulesWithSubjects => ({
    subjects,
    ...rest,
  });
  const resource = (more: Partial<t.ResourcePolicyRule>): Partial<t.PolicyRulesWithSubjects> => ({
    resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], ...more }],
  });
  const classifier = new Classifier([
    { target: 'status', rules: [rules([{ kind: 'User', user: { name: 'u' } }], resource({ resources: ['pods/status'] }))] },
    {
      target: 'core',
      rules: [rules([{ kind: 'Group', group: { name: 'g' } }], resource({ apiGroups: [''], verbs: ['get'], namespaces: ['n'] }))],
    },
    {
      target: 'account',
      rules: [rules([{ kind: 'ServiceAccount', serviceAccount: { namespace: 'n', name: 'a' } }], resource({ clusterScope: true }))],
    },
    {
      target: 'paths',
      rules: [
        rules([{ kind: 'User', user: { name: '*' } }], { nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/x/*'] }] }),
      ],
    },
  ]);
  const classify = (user: { name: string; groups: string[] }, method: string, path: string) =>
    classifier.classify(user, requestInfo(method, path, false));
  const u = { name: 'u', groups: [] };
  const g = { name: 'x', groups: ['g'] };

  test.each([
    [u, 'PUT', '/api/v1/namespaces/n/pods/p/status', 'status'],
    [u, 'PUT', '/api/v1/namespaces/n/pods/p', undefined],
    [g, 'GET', '/api/v1/namespaces/n/pods/p', 'core'],
    [g, 'GET', '/api/v1/namespaces/other/pods/p', undefined],
    [g, 'GET', '/api/v1/pods', undefined],
    [g, 'GET', '/apis/apps/v1/namespaces/n/deployments/d', undefined],
    [{ name: 'system:serviceaccount:n:a', groups: [] }, 'GET', '/api/v1/nodes', 'account'],
    [{ name: 'system:serviceaccount:n:ab', groups: [] }, 'GET', '/api/v1/nodes', undefined],
    [u, 'GET', '/healthz', 'paths'],
    [u, 'GET', '/healthz/etcd', 'paths'],
    [u, 'GET', '/healthzz', undefined],
    [u, 'GET', '/x/y', 'paths'],
    [u, 'POST', '/x/y', undefined],
  ])('%j %s %s is %s', (user, method, path, expected) => expect(classify(user, method, path)).toBe(expected));
});

describe('plans', () => {
  const level = suggestedLevels[0] as unknown as t.PriorityLevelConfiguration;
  const schema = (name: string, precedence: number, to: string): t.FlowSchema =>
    ({
      metadata: { name, uid: name },
      spec: { matchingPrecedence: precedence, priorityLevelConfiguration: { name: to } },
      status: {},
    }) as unknown as t.FlowSchema;

  test('schemas by precedence, then name; those without a level are told so and not used', () => {
    const plan = planOf([level], [schema('b', 5, 'system'), schema('a', 5, 'system'), schema('c', 1, 'nowhere')]);
    expect(plan.schemas.map(({ name }) => name)).toEqual(['exempt', 'a', 'b', 'catch-all']);
    expect(plan.conditions.map(({ schema: name, status, reason }) => [name, status, reason])).toEqual([
      ['b', 'False', 'Found'],
      ['a', 'False', 'Found'],
      ['c', 'True', 'NotFound'],
    ]);
    expect(plan.conditions[2]?.message).toBe(
      'This FlowSchema references the PriorityLevelConfiguration object named "nowhere" but there is no such object',
    );
  });
  test('a broken level counts as missing', () => {
    const broken = { ...level, spec: { type: 'Limited', exempt: {} } } as unknown as t.PriorityLevelConfiguration;
    expect(planOf([broken], [schema('a', 5, 'system')]).conditions[0]?.status).toBe('True');
    const renamed = { ...exemptLevel, metadata: { name: 'mine' } } as unknown as t.PriorityLevelConfiguration;
    expect(planOf([renamed], []).levels.map(({ name }) => name)).toEqual(['exempt', 'catch-all']);
  });
});

describe('work', () => {
  const facts: WorkFacts = {
    stored: ({ resource }) => (resource === 'pods' ? { objects: 1000, averageBytes: 2000 } : undefined),
    watches: () => 50,
  };
  const seats = (method: string, url: string, maxSeats = Infinity) => {
    const [path = '', query = ''] = url.split('?');
    return estimateWork(requestInfo(method, path, query.includes('watch')), () => new URLSearchParams(query), { facts, maxSeats });
  };
  test.each([
    ['GET', '/api/v1/pods', 10],
    ['GET', '/api/v1/pods?limit=100', 2],
    ['GET', '/api/v1/pods?watch=1', 10],
    ['GET', '/api/v1/pods?watch=1&resourceVersion=7', 1],
    ['GET', '/api/v1/pods?watch=1&resourceVersion=7&sendInitialEvents=true', 10],
    ['GET', '/api/v1/namespaces/n/pods/p', 1],
    ['GET', '/api/v1/unknown', 1],
  ])('%s %s takes %d seats', (method, url, expected) => expect(seats(method, url).seats).toBe(expected));
  test('a level bounds what one request may take', () => expect(seats('GET', '/api/v1/pods', 3).seats).toBe(3));
  test('writes pay for those who watch', () => {
    expect(seats('POST', '/api/v1/namespaces/n/pods')).toEqual({ seats: 1, finalSeats: 5, additionalSeconds: 0.005 });
    expect(seats('POST', '/api/v1/namespaces/n/pods', 2)).toEqual({ seats: 1, finalSeats: 2, additionalSeconds: 0.0125 });
    expect(seats('POST', '/api/v1/namespaces/n/serviceaccounts/a/token').finalSeats).toBe(0);
  });
});
