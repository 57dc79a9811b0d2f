import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Pod } from '../../../api/generated/types.ts';
import { cloneJson } from '../../../api/json.ts';
import type { KubeObject } from '../../../api/object.ts';
import { FakeClock } from '../../../base/clock.ts';
import type { ResourceStore } from '../../../registry/store.ts';
import { admin, testRegistry } from '../../testing/deps.ts';

let registry: Awaited<ReturnType<typeof testRegistry>>;
let pods: ResourceStore;

beforeEach(async () => {
  registry = await testRegistry(new FakeClock());
  pods = registry.lookup('', 'v1', 'pods') as ResourceStore;
});
afterEach(() => registry.stop());

const asObject = (value: object): KubeObject => value as unknown as KubeObject;

async function create(spec: object = {}, metadata: object = {}): Promise<Pod> {
  const object = { metadata: { name: 'p', ...metadata }, spec: { containers: [{ name: 'a', image: 'nginx' }], ...spec } };
  return (await pods.create('default', asObject(object), admin)).object as unknown as Pod;
}

async function change(edit: (pod: Pod) => void, subresource = ''): Promise<Pod> {
  const update = (current: KubeObject | undefined): KubeObject => {
    const pod = cloneJson(current) as unknown as Pod;
    edit(pod);
    return asObject(pod);
  };
  return (await pods.update({ name: 'p', namespace: 'default', subresource, update, retryOnConflict: false }, admin)).entry
    .object as unknown as Pod;
}

const bind = (node: string, kind = 'Node'): Promise<KubeObject> =>
  pods.connect('binding', 'default', 'p', asObject({ metadata: { name: 'p' }, target: { kind, name: node } }), admin);

describe('a new pod', () => {
  test('has every default', async () => {
    const { metadata, spec, status } = await create({
      hostNetwork: true,
      containers: [{ name: 'a', image: 'nginx', ports: [{ containerPort: 80 }], resources: { limits: { cpu: '0.5' } } }],
    });
    expect(metadata.generation).toBe(1);
    expect(spec).toMatchObject({
      dnsPolicy: 'ClusterFirst',
      restartPolicy: 'Always',
      schedulerName: 'default-scheduler',
      terminationGracePeriodSeconds: 30,
      securityContext: {},
      enableServiceLinks: true,
    });
    expect(spec.containers[0]).toEqual({
      name: 'a',
      image: 'nginx',
      ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }],
      resources: { limits: { cpu: '500m' }, requests: { cpu: '500m' } },
      imagePullPolicy: 'Always',
      terminationMessagePath: '/dev/termination-log',
      terminationMessagePolicy: 'File',
    });
    expect(status).toEqual({ phase: 'Pending', qosClass: 'Burstable' });
  });

  test.each([
    ['nginx', 'Always'],
    ['nginx:latest', 'Always'],
    ['nginx:1', 'IfNotPresent'],
    ['host:5000/nginx', 'Always'],
    ['host:5000/nginx:1', 'IfNotPresent'],
    ['nginx@sha256:abc', 'IfNotPresent'],
  ])('image %s is pulled %s', async (image, policy) => {
    expect((await create({ containers: [{ name: 'a', image }] })).spec.containers[0]?.imagePullPolicy).toBe(policy);
  });

  test.each<[string, object[], string]>([
    ['nothing', [{}], 'BestEffort'],
    ['zero', [{ requests: { cpu: '0' } }], 'BestEffort'],
    ['limits alone', [{ limits: { cpu: '1', memory: '1Gi' } }], 'Guaranteed'],
    [
      'the same amount written otherwise',
      [{ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1000m', memory: '1024Mi' } }],
      'Guaranteed',
    ],
    ['one container without', [{ limits: { cpu: '1', memory: '1Gi' } }, {}], 'Burstable'],
  ])('quality of service with %s', async (_, resources, qosClass) => {
    const containers = resources.map((one, index) => ({ name: `c${String(index)}`, image: 'x', resources: one }));
    expect((await create({ containers })).status.qosClass).toBe(qosClass);
  });

  test('is told every fault at once', async () => {
    const spec = { containers: [{ name: 'A', image: '', volumeMounts: [{ name: 'v', mountPath: '/' }] }], restartPolicy: 'Maybe' };
    await expect(create(spec)).rejects.toMatchObject({
      code: 422,
      details: {
        causes: [
          { field: 'spec.containers[0].name' },
          { field: 'spec.containers[0].image', message: 'Required value' },
          { field: 'spec.containers[0].volumeMounts[0].name', message: 'Not found: "v"' },
          { field: 'spec.restartPolicy', message: 'Unsupported value: "Maybe": supported values: "Always", "OnFailure", "Never"' },
        ],
      },
    });
  });

  test('has sysctls of good names, once each, and none of the host', async () => {
    const names = ['foo-', 'kernel.shmmax', 'bar..', 'net/ipv4/ip_forward', 'kernel.shmmax'];
    const made = create({ hostNetwork: true, securityContext: { sysctls: names.map((name) => ({ name, value: '1' })) } });
    const pattern = '^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$';
    const at = 'spec.securityContext.sysctls';
    const rule = `must have at most 253 characters and match regex ${pattern}`;
    await expect(made).rejects.toThrow(
      `${at}[0].name: Invalid value: "foo-": ${rule}, ${at}[2].name: Invalid value: "bar..": ${rule}, ` +
        `${at}[3].name: Invalid value: "net/ipv4/ip_forward": may not be specified when 'hostNetwork' is true, ` +
        `${at}[4].name: Duplicate value: "kernel.shmmax"`,
    );
  });

  test('without containers is refused, not a failure of the server', async () => {
    await expect(pods.create('default', asObject({ metadata: { name: 'p' } }), admin)).rejects.toThrow(
      'Pod "p" is invalid: spec.containers: Required value',
    );
  });
});

describe('an update', () => {
  test('of the image counts a generation, of labels not', async () => {
    await create();
    expect((await change((pod) => void (pod.metadata.labels = { a: 'b' }))).metadata.generation).toBe(1);
    expect((await change((pod) => void Object.assign(pod.spec.containers[0] ?? {}, { image: 'nginx:2' }))).metadata.generation).toBe(2);
  });

  test('of anything else is refused with the difference', async () => {
    await create();
    await expect(change((pod) => void (pod.spec.nodeName = 'n'))).rejects.toThrow(
      /pod updates may not change fields other than `spec.containers\[\*\].image`,[\s\S]*\n\+ "NodeName": "n",\n/,
    );
  });

  test('keeps tolerations but takes more', async () => {
    await create({ tolerations: [{ key: 'a', operator: 'Exists' }] });
    await change((pod) => void pod.spec.tolerations?.push({ key: 'b', operator: 'Exists' }));
    await expect(change((pod) => void pod.spec.tolerations?.shift())).rejects.toThrow(
      'existing toleration can not be modified except its tolerationSeconds',
    );
  });

  test('of the status leaves the spec and the class of service alone', async () => {
    await create();
    const pod = await change((one) => {
      one.spec.nodeName = 'n';
      one.status = { phase: 'Running', podIPs: [{ ip: '10.1.1.1' }], conditions: [{ type: 'Ready', status: 'True' }] };
    }, 'status');
    expect(pod.spec.nodeName).toBeUndefined();
    expect(pod.status).toMatchObject({
      phase: 'Running',
      podIP: '10.1.1.1',
      qosClass: 'BestEffort',
      conditions: [{ lastProbeTime: null, lastTransitionTime: null }],
    });
  });

  test('adds ephemeral containers and never takes one away', async () => {
    await create();
    const add = (pod: Pod): void => void (pod.spec.ephemeralContainers = [{ name: 'debug', image: 'busybox' }]);
    expect((await change(add, 'ephemeralcontainers')).spec.ephemeralContainers?.[0]).toMatchObject({
      name: 'debug',
      imagePullPolicy: 'Always',
    });
    await expect(change((pod) => void delete pod.spec.ephemeralContainers, 'ephemeralcontainers')).rejects.toThrow('may not be removed');
  });

  test('resizes cpu and memory only', async () => {
    await create();
    const pod = await change((one) => void Object.assign(one.spec.containers[0] ?? {}, { image: 'other', resources: {} }), 'resize');
    expect(pod.spec.containers[0]?.image).toBe('nginx');
  });
});

describe('binding', () => {
  test('sets the node and the condition', async () => {
    await create();
    expect(await bind('n1')).toMatchObject({ kind: 'Status', status: 'Success' });
    const pod = (await pods.get('default', 'p')).object as unknown as Pod;
    expect(pod.spec.nodeName).toBe('n1');
    expect(pod.status.conditions).toEqual([
      { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: '2026-01-01T00:00:00Z' },
    ]);
  });

  test('to something else than a node is an error without a kind', async () => {
    await create();
    await expect(bind('', 'Pod')).rejects.toMatchObject({
      reason: 'Unknown',
      code: 500,
      message: '[target.kind: Unsupported value: "Pod": supported values: "Node", "<empty>", target.name: Required value]',
    });
  });

  test('twice is a conflict', async () => {
    await create();
    await bind('n1');
    await expect(bind('n2')).rejects.toMatchObject({
      code: 409,
      message: 'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n1"',
    });
  });
});

describe('deletion', () => {
  test('is at once before a node has it, with grace afterwards', async () => {
    await create();
    expect((await pods.delete('default', 'p', {}, admin)).gone).toBe(true);
    await create();
    await bind('n1');
    const { gone, entry } = await pods.delete('default', 'p', {}, admin);
    expect(gone).toBe(false);
    expect(entry.object.metadata.deletionGracePeriodSeconds).toBe(30);
  });
});
