import { describe, expect, test } from '@jest/globals';
import { complete } from './complete.ts';
import { schemaOfKind } from './facts.ts';
import type { Schema } from './schema.ts';

function schemaOf(group: string, version: string, kind: string): Schema {
  const schema = schemaOfKind(group, version, kind);
  if (schema === undefined) throw new Error(`no ${kind}`);
  return schema;
}

// Expectations are what kube-apiserver 1.36.3 answered to the same objects.
describe('complete', () => {
  test('a pod gets its structs, in lists too', () => {
    const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c' }], volumes: [{ name: 'v', emptyDir: {} }] } };
    expect(complete(pod, schemaOf('', 'v1', 'Pod'))).toEqual({
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'c', resources: {} }], volumes: [{ name: 'v', emptyDir: {} }] },
      status: {},
    });
  });

  test('structs that are missing come with all that is in them', () => {
    const node = complete({ metadata: { name: 'n' } }, schemaOf('', 'v1', 'Node'));
    expect(node).toMatchObject({ spec: {}, status: { daemonEndpoints: { kubeletEndpoint: { Port: 0 } }, nodeInfo: { machineID: '' } } });
  });

  test('a service has its load balancer, a cron job its templates', () => {
    expect(complete({ metadata: {} }, schemaOf('', 'v1', 'Service'))).toEqual({ metadata: {}, spec: {}, status: { loadBalancer: {} } });
    const job = { metadata: {}, spec: { schedule: '* * * * *', jobTemplate: { spec: { template: { spec: { containers: [] } } } } } };
    expect(complete(job, schemaOf('batch', 'v1', 'CronJob'))).toEqual({
      metadata: {},
      spec: { schedule: '* * * * *', jobTemplate: { metadata: {}, spec: { template: { metadata: {}, spec: { containers: [] } } } } },
      status: {},
    });
  });

  test('lists and times without omitempty are null, numbers zero', () => {
    expect(complete({ metadata: {} }, schemaOf('rbac.authorization.k8s.io', 'v1', 'ClusterRole'))).toEqual({ metadata: {}, rules: null });
    expect(complete({ metadata: {}, involvedObject: {} }, schemaOf('', 'v1', 'Event'))).toEqual({
      metadata: {},
      involvedObject: {},
      eventTime: null,
      firstTimestamp: null,
      lastTimestamp: null,
      reportingComponent: '',
      reportingInstance: '',
      source: {},
    });
    expect(complete({ metadata: {} }, schemaOf('autoscaling', 'v2', 'HorizontalPodAutoscaler'))).toMatchObject({
      status: { currentMetrics: null, desiredReplicas: 0 },
    });
  });

  test('nothing is added to an object that is complete, and what is set stays', () => {
    const map = { metadata: { name: 'c', labels: { a: 'b' } }, data: { k: 'v' } };
    expect(complete(structuredClone(map), schemaOf('', 'v1', 'ConfigMap'))).toEqual(map);
    const schema = schemaOf('', 'v1', 'Pod');
    const once = complete({ metadata: {}, spec: { containers: [{ name: 'c', resources: { limits: { cpu: '1' } } }] } }, schema);
    expect(complete(structuredClone(once), schema)).toEqual(once);
    expect(once.spec.containers[0]?.resources).toEqual({ limits: { cpu: '1' } });
  });

  test('a null where Go has no null becomes the zero value', () => {
    const pod = { metadata: {}, spec: { containers: [{ name: 'c', resources: null }] }, status: null };
    expect(complete(pod, schemaOf('', 'v1', 'Pod'))).toEqual({
      metadata: {},
      spec: { containers: [{ name: 'c', resources: {} }] },
      status: {},
    });
  });

  test('types that contain themselves end', () => {
    const crd = complete({ metadata: {} }, schemaOf('apiextensions.k8s.io', 'v1', 'CustomResourceDefinition'));
    expect(crd).toMatchObject({ spec: { group: '', names: { plural: '', kind: '' }, scope: '', versions: null } });
  });
});
