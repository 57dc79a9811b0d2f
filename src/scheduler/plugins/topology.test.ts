import { describe, expect, test } from '@jest/globals';
import type { Pod } from '../../api/generated/types.ts';
import { node, pod, testCluster, type World } from '../testing/cluster.ts';

const zone = (name: string, at: string, more: object = {}) => node(name, { labels: { zone: at }, ...more });
const web = (name: string, on: string | undefined, more: object = {}): Pod =>
  pod(name, { labels: { app: 'web' }, ...(on === undefined ? {} : { on }), ...more });
const spread = (more: object = {}): object => ({
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'web' } }, ...more },
  ],
});
const skewed = "node(s) didn't match pod topology spread constraints";
const three: World = { nodes: [zone('a', '1'), zone('b', '2'), zone('c', '3')] };

describe('topology spread', () => {
  test.each<[string, World, object, Record<string, string>]>([
    ['within the skew', { ...three, pods: [web('x', 'a')] }, spread(), { a: skewed, b: '', c: '' }],
    ['a larger skew', { ...three, pods: [web('x', 'a')] }, spread({ maxSkew: 2 }), { a: '', b: '', c: '' }],
    [
      'too few domains: the least is none',
      { ...three, pods: [web('x', 'a'), web('y', 'b'), web('z', 'c')] },
      spread({ minDomains: 4 }),
      { a: skewed, b: skewed, c: skewed },
    ],
    [
      'pods of other namespaces do not count',
      { ...three, pods: [web('x', 'a', { namespace: 'other' })] },
      spread(),
      { a: '', b: '', c: '' },
    ],
    [
      'pods that go do not count',
      { ...three, pods: [web('x', 'a', { meta: { deletionTimestamp: 'now' } })] },
      spread(),
      { a: '', b: '', c: '' },
    ],
    ['nodes without the key', { nodes: [zone('a', '1'), node('b')] }, spread(), { a: '', b: `${skewed} (missing required label)` }],
    [
      'nodes that the pod cannot be on do not count',
      { nodes: [zone('a', '1'), zone('b', '2', { labels: { zone: '2', disk: 'ssd' } })], pods: [web('x', 'b')] },
      { ...spread(), nodeSelector: { disk: 'ssd' } },
      { a: "node(s) didn't match Pod's node affinity/selector", b: '' },
    ],
    [
      'unless the constraint says so',
      { nodes: [zone('a', '1'), zone('b', '2', { labels: { zone: '2', disk: 'ssd' } })], pods: [web('x', 'b')] },
      { ...spread({ nodeAffinityPolicy: 'Ignore' }), nodeSelector: { disk: 'ssd' } },
      { a: "node(s) didn't match Pod's node affinity/selector", b: skewed },
    ],
    [
      'tainted nodes count unless the constraint honours taints',
      { nodes: [zone('a', '1'), zone('b', '2', { spec: { taints: [{ key: 'x', effect: 'NoSchedule' }] } })], pods: [web('x', 'a')] },
      spread({ nodeTaintsPolicy: 'Honor' }),
      { a: '', b: 'node(s) had untolerated taint(s)' },
    ],
    [
      'matchLabelKeys count only pods of the same values',
      { ...three, pods: [pod('x', { on: 'a', labels: { app: 'web', rev: '1' } })] },
      spread({ matchLabelKeys: ['rev'] }),
      { a: '', b: '', c: '' },
    ],
  ])('%s', (_what, world, spec, expected) => {
    expect(testCluster(world).refusals(pod('p', { labels: { app: 'web', rev: '2' }, spec }))).toEqual(expected);
  });

  test('counts follow pods that come and go', () => {
    const { cache, info, refusals } = testCluster(three);
    const asking = web('p', undefined, { spec: spread() });
    expect(refusals(asking)).toEqual({ a: '', b: '', c: '' });
    cache.assume(info(web('x', undefined)), 'a');
    expect(refusals(asking)).toEqual({ a: skewed, b: '', c: '' });
    cache.removePod('uid-x');
    expect(refusals(asking)).toEqual({ a: '', b: '', c: '' });
  });

  test('pods of a Service are spread over hosts without being told', () => {
    const pods = [web('x', 'a'), web('y', 'a'), web('z', 'b')];
    expect(testCluster({ ...three, pods, services: [{ app: 'web' }] }).answer(web('p', undefined))).toBe('c');
  });
});

const term = (kind: 'podAffinity' | 'podAntiAffinity', more: object = {}): object => ({
  affinity: {
    [kind]: {
      requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', labelSelector: { matchLabels: { app: 'web' } }, ...more }],
    },
  },
});
const far = "node(s) didn't match pod affinity rules";
const near = "node(s) didn't match pod anti-affinity rules";
const unwelcome = "node(s) didn't satisfy existing pods anti-affinity rules";

describe('inter-pod affinity', () => {
  test.each<[string, World, Pod, Record<string, string>]>([
    ['near pods of its kind', { ...three, pods: [web('x', 'a')] }, pod('p', { spec: term('podAffinity') }), { a: '', b: far, c: far }],
    ['nobody of its kind anywhere', three, pod('p', { spec: term('podAffinity') }), { a: far, b: far, c: far }],
    ['the first of its own kind', three, web('p', undefined, { spec: term('podAffinity') }), { a: '', b: '', c: '' }],
    [
      'far from pods of its kind',
      { ...three, pods: [web('x', 'a')] },
      pod('p', { spec: term('podAntiAffinity') }),
      { a: near, b: '', c: '' },
    ],
    [
      'pods there do not want it',
      { ...three, pods: [pod('x', { on: 'b', spec: term('podAntiAffinity') })] },
      web('p', undefined),
      { a: '', b: unwelcome, c: '' },
    ],
    [
      'other namespaces do not count',
      { ...three, pods: [web('x', 'a', { namespace: 'other' })] },
      pod('p', { spec: term('podAntiAffinity') }),
      { a: '', b: '', c: '' },
    ],
    [
      'namespaces by their labels',
      { ...three, namespaces: { other: { team: 'one' } }, pods: [web('x', 'a', { namespace: 'other' })] },
      pod('p', { spec: term('podAntiAffinity', { namespaceSelector: { matchLabels: { team: 'one' } } }) }),
      { a: near, b: '', c: '' },
    ],
    [
      'mismatchLabelKeys leave out pods of the same values',
      {
        ...three,
        pods: [pod('x', { on: 'a', labels: { app: 'web', tenant: 'me' } }), pod('y', { on: 'b', labels: { app: 'web', tenant: 'you' } })],
      },
      pod('p', { labels: { tenant: 'me' }, spec: term('podAntiAffinity', { mismatchLabelKeys: ['tenant'] }) }),
      { a: '', b: near, c: '' },
    ],
    [
      'nodes without the key cannot be near',
      { nodes: [zone('a', '1'), node('b')], pods: [web('x', 'a')] },
      pod('p', { spec: term('podAffinity') }),
      { a: '', b: far },
    ],
  ])('%s', (_what, world, asking, expected) => {
    expect(testCluster(world).refusals(asking)).toEqual(expected);
  });

  test('preferences of pods that are there count, too', () => {
    const preferring = pod('x', {
      on: 'b',
      spec: {
        affinity: {
          podAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              { weight: 50, podAffinityTerm: { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'web' } } } },
            ],
          },
        },
      },
    });
    expect(testCluster({ ...three, pods: [preferring] }).answer(web('p', undefined))).toBe('b');
  });
});
