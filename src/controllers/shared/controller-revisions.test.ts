import { expect, test } from '@jest/globals';
import type { ControllerRevision, PodTemplateSpec, StatefulSet } from '../../api/generated/types.ts';
import { refs } from '../../client/refs.ts';
import { newRevision, revisionName, sameData, snapshotOf, sortRevisions, templateOf } from './controller-revisions.ts';

const template: PodTemplateSpec = {
  metadata: { labels: { app: 'web' } },
  spec: {
    nodeSelector: { none: 'here' },
    containers: [
      {
        name: 'c',
        image: 'nginx<1>&',
        imagePullPolicy: 'IfNotPresent',
        ports: [{ containerPort: 80, protocol: 'TCP' }],
        resources: {},
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
      },
    ],
    dnsPolicy: 'ClusterFirst',
    restartPolicy: 'Always',
    schedulerName: 'default-scheduler',
    securityContext: {},
    terminationGracePeriodSeconds: 30,
  },
};
const owner = {
  metadata: { name: 'web', namespace: 't', uid: 'u', annotations: { note: 'x' } },
  spec: { template },
} as unknown as StatefulSet;

test('a revision has the name kube-controller-manager 1.36.3 gives it', () => {
  const revision = newRevision(owner, { ref: refs.statefulSets, template, revision: 3, collisionCount: 0 });
  expect(revision).toMatchObject({
    metadata: {
      name: 'web-74fb9b564b',
      namespace: 't',
      labels: { app: 'web', 'controller.kubernetes.io/hash': '74fb9b564b' },
      annotations: { note: 'x' },
      ownerReferences: [{ kind: 'StatefulSet', uid: 'u', controller: true }],
    },
    revision: 3,
  });
  const collided = newRevision(owner, { ref: refs.statefulSets, template, revision: 3, collisionCount: 1 });
  expect(collided.metadata.name).not.toBe(revision.metadata.name);
});

test('a template comes back as it went in; long names are cut', () => {
  const revision = { data: snapshotOf(template) } as unknown as ControllerRevision;
  expect(templateOf(revision)).toEqual(template);
  expect(JSON.stringify(snapshotOf({ spec: { containers: [] }, metadata: { name: 'x', labels: {} } }))).toBe(
    '{"spec":{"template":{"$patch":"replace","metadata":{"labels":{},"name":"x"},"spec":{"containers":[]}}}}',
  );
  expect(templateOf({ data: {} } as unknown as ControllerRevision)).toBeUndefined();
  expect(sameData(revision, { data: snapshotOf(structuredClone(template)) })).toBe(true);
  expect(sameData(revision, { data: snapshotOf({ ...template, metadata: {} }) })).toBe(false);
  expect(revisionName('x'.repeat(300), 'h')).toHaveLength(225);
});

test('revisions sort by number, then age, then name', () => {
  const make = (name: string, revision: number, creationTimestamp: string): ControllerRevision =>
    ({ metadata: { name, creationTimestamp }, revision }) as unknown as ControllerRevision;
  const [old, young] = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'];
  const sorted = sortRevisions([make('d', 2, old), make('c', 1, young), make('b', 1, old), make('a', 1, young)]);
  expect(sorted.map(({ metadata }) => metadata.name)).toEqual(['b', 'a', 'c', 'd']);
});
