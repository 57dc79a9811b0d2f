import { describe, expect, test } from '@jest/globals';
import type { PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '../../api/generated/types.ts';
import { annotations } from '../volume-matching.ts';
import { node, pod, testCluster, type World } from '../testing/cluster.ts';

const meta = (name: string, more: object = {}) => ({
  name,
  uid: `uid-${name}`,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
  ...more,
});
const claim = (
  name: string,
  {
    volume,
    ...more
  }: { volume?: string; storage?: string; storageClass?: string; modes?: string[]; selected?: string; meta?: object; phase?: string } = {},
) =>
  ({
    metadata: meta(name, {
      namespace: 'shop',
      annotations: {
        ...(volume === undefined ? {} : { [annotations.bindCompleted]: 'yes' }),
        ...(more.selected === undefined ? {} : { [annotations.selectedNode]: more.selected }),
      },
      ...more.meta,
    }),
    spec: {
      accessModes: more.modes ?? ['ReadWriteOnce'],
      storageClassName: more.storageClass ?? 'late',
      resources: { requests: { storage: more.storage ?? '1Gi' } },
      ...(volume === undefined ? {} : { volumeName: volume }),
    },
    status: { phase: more.phase ?? (volume === undefined ? 'Pending' : 'Bound') },
  }) as unknown as PersistentVolumeClaim;
const volume = (
  name: string,
  {
    storage = '1Gi',
    on,
    labels,
    csi,
    phase = 'Available',
  }: { storage?: string; on?: string; labels?: object; csi?: object; phase?: string } = {},
) =>
  ({
    metadata: meta(name, { labels }),
    spec: {
      capacity: { storage },
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'late',
      ...(csi === undefined ? {} : { csi }),
      ...(on === undefined
        ? {}
        : {
            nodeAffinity: {
              required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [on] }] }] },
            },
          }),
    },
    status: { phase },
  }) as unknown as PersistentVolume;
const storageClass = (name: string, more: object = {}) =>
  ({
    metadata: meta(name),
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
    ...more,
  }) as unknown as StorageClass;

const late = storageClass('late');
const dynamic = storageClass('late', {
  provisioner: 'example.com/disk',
  allowedTopologies: [{ matchLabelExpressions: [{ key: 'kubernetes.io/hostname', values: ['b'] }] }],
});
const soon = storageClass('late', { volumeBindingMode: 'Immediate' });
const nodes = [node('a'), node('b')];
const user = (...claims: string[]): Pod =>
  pod('p', { spec: { volumes: claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })) } });
const nothingToBind = "node(s) didn't find available persistent volumes to bind";
const elsewhere = "node(s) didn't match PersistentVolume's node affinity";

describe('volumes keep pods off nodes', () => {
  test.each<[string, Omit<World, 'nodes'>, Pod, Record<string, string>]>([
    [
      'bound to a volume of one node',
      { claims: [claim('c', { volume: 'v' })], volumes: [volume('v', { on: 'b' })], classes: [late] },
      user('c'),
      { a: elsewhere, b: '' },
    ],
    [
      'free volumes of one node',
      { claims: [claim('c')], volumes: [volume('v', { on: 'b' })], classes: [late] },
      user('c'),
      { a: nothingToBind, b: '' },
    ],
    [
      'volumes that are too small',
      { claims: [claim('c', { storage: '2Gi' })], volumes: [volume('v')], classes: [late] },
      user('c'),
      { a: nothingToBind, b: nothingToBind },
    ],
    [
      'one volume for two claims',
      { claims: [claim('c'), claim('d')], volumes: [volume('v')], classes: [late] },
      user('c', 'd'),
      { a: nothingToBind, b: nothingToBind },
    ],
    ['volumes that are made only somewhere', { claims: [claim('c')], classes: [dynamic] }, user('c'), { a: nothingToBind, b: '' }],
    [
      'a volume is being made elsewhere',
      { claims: [claim('c', { selected: 'b' })], classes: [dynamic] },
      user('c'),
      { a: nothingToBind, b: '' },
    ],
    [
      'zones of older volumes',
      {
        claims: [claim('c', { volume: 'v' })],
        volumes: [volume('v', { labels: { 'topology.kubernetes.io/zone': 'x__y' } })],
        classes: [late],
      },
      user('c'),
      { a: '', b: '' },
    ],
    [
      'as many as the driver attaches',
      {
        claims: [claim('c', { volume: 'v' }), claim('d', { volume: 'w' })],
        volumes: [volume('v', { csi: { driver: 'x', volumeHandle: '1' } }), volume('w', { csi: { driver: 'x', volumeHandle: '2' } })],
        classes: [late],
        csiNodes: [{ metadata: meta('a'), spec: { drivers: [{ name: 'x', nodeID: 'a', allocatable: { count: 1 } }] } }],
        pods: [pod('x', { on: 'a', spec: user('d').spec })].map((one) => ({ ...one, spec: { ...one.spec, nodeName: 'a' } })),
      },
      user('c'),
      { a: 'node(s) exceed max volume count', b: '' },
    ],
    [
      'a node without drivers, whose list is null',
      {
        claims: [claim('c', { volume: 'v' })],
        volumes: [volume('v', { csi: { driver: 'x', volumeHandle: '1' } })],
        classes: [late],
        csiNodes: [{ metadata: meta('a'), spec: { drivers: null as never } }],
      },
      user('c'),
      { a: '', b: '' },
    ],
  ])('%s', (_what, world, asking, expected) => {
    expect(testCluster({ nodes, ...world }).refusals(asking)).toEqual(expected);
  });

  test('zones', () => {
    const zoned = [
      node('a', { labels: { 'topology.kubernetes.io/zone': 'x' } }),
      node('b', { labels: { 'topology.kubernetes.io/zone': 'z' } }),
    ];
    const volumes = [volume('v', { labels: { 'failure-domain.beta.kubernetes.io/zone': 'x__y' } })];
    expect(testCluster({ nodes: zoned, claims: [claim('c', { volume: 'v' })], volumes, classes: [late] }).refusals(user('c'))).toEqual({
      a: '',
      b: 'node(s) had no available volume zone',
    });
  });

  test.each<[string, Omit<World, 'nodes'>, string]>([
    ['missing', {}, 'persistentvolumeclaim "c" not found'],
    ['not bound yet', { claims: [claim('c')], classes: [soon] }, 'pod has unbound immediate PersistentVolumeClaims'],
    [
      'lost',
      { claims: [claim('c', { volume: 'v', phase: 'Lost' })], classes: [late] },
      'persistentvolumeclaim "c" bound to non-existent persistentvolume "v"',
    ],
    [
      'going',
      { claims: [claim('c', { meta: { deletionTimestamp: 'now' } })], classes: [late] },
      'persistentvolumeclaim "c" is being deleted',
    ],
  ])('a claim that is %s keeps the pod off all', (_what, world, why) => {
    expect(testCluster({ nodes, ...world }).answer(user('c'))).toBe(`0/2 nodes are available: ${why}.`);
  });

  test('a claim for one pod only', () => {
    const world = { nodes, claims: [claim('c', { volume: 'v', modes: ['ReadWriteOncePod'] })], volumes: [volume('v')], classes: [late] };
    const inUse = 'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod';
    const other = {
      ...user('c'),
      metadata: { ...user('c').metadata, name: 'x', uid: 'uid-x' },
      spec: { ...user('c').spec, nodeName: 'a' },
    };
    expect(testCluster(world).answer(user('c'))).toBe('a');
    expect(testCluster({ ...world, pods: [other] }).refusals(user('c'))).toEqual({ a: inUse, b: inUse });
  });
});

describe('volumes are reserved', () => {
  test('the smallest that will do is promised, and is not there for others; undoing gives it back', () => {
    const bench = testCluster({
      nodes,
      claims: [claim('c'), claim('d')],
      volumes: [volume('big', { storage: '5Gi', on: 'a' }), volume('small', { on: 'a' })],
      classes: [late],
    });
    const reserve = (asking: Pod) => {
      const plugin = bench.profile.reserve[0];
      const made = plugin?.reserve?.(bench.info(asking), bench.cluster.nodes[0] as never, bench.cluster);
      return made !== undefined && 'undo' in made ? made : undefined;
    };
    const owner = (name: string) => bench.cluster.volumes.volume(name)?.spec.claimRef?.name;
    const first = reserve(user('c'));
    expect([owner('small'), owner('big')]).toEqual(['c', undefined]);
    expect(bench.cluster.volumes.volume('small')?.metadata.annotations).toEqual({ [annotations.boundByController]: 'yes' });
    reserve(user('d'));
    expect([owner('small'), owner('big')]).toEqual(['c', 'd']);
    first?.undo();
    expect([owner('small'), owner('big')]).toEqual([undefined, 'd']);
  });

  test('a volume that has to be made is asked for with the name of the node', () => {
    const bench = testCluster({ nodes, claims: [claim('c')], classes: [dynamic] });
    bench.profile.reserve[0]?.reserve?.(bench.info(user('c')), bench.cluster.nodes[1] as never, bench.cluster);
    expect(bench.cluster.volumes.claim('shop/c')?.metadata.annotations?.[annotations.selectedNode]).toBe('b');
  });
});
