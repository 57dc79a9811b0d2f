import { expect, test } from '@jest/globals';
import type { Node, Pod } from '../../api/generated/types.ts';
import { testPod } from '../testing/pods.ts';
import { reject } from './admission.ts';
import { unsafeSysctlFault } from './unsupported.ts';

const node = {
  metadata: { name: 'n1', labels: { 'kubernetes.io/os': 'linux', disk: 'ssd' } },
  spec: { taints: [{ key: 'gone', effect: 'NoExecute' }] },
  status: { allocatable: { cpu: '2', memory: '1Gi', pods: '3', 'example.com/gpu': '1' } },
} as unknown as Node;
const tolerations = [{ operator: 'Exists' }];

function pod(spec: object, container: object = {}, labels: Record<string, string> = {}): Pod {
  return testPod({ metadata: { labels }, spec: { tolerations, containers: [{ name: 'a', image: 'a', ...container }], ...spec } });
}
const asking = (requests: Record<string, string>): Pod => pod({}, { resources: { requests } });

test('a pod that fits', () => {
  expect(reject(asking({ cpu: '1', memory: '1Gi', 'example.com/other': '5' }), [asking({ cpu: '1' })], node)).toBeUndefined();
});

test.each<[string, Pod, Pod[], { reason: string; message: string }]>([
  [
    'cpu',
    asking({ cpu: '1500m' }),
    [asking({ cpu: '1' })],
    { reason: 'OutOfcpu', message: "Node didn't have enough resource: cpu, requested: 1500, used: 1000, capacity: 2000" },
  ],
  [
    'memory, of several the first that is short',
    asking({ memory: '2Gi', 'example.com/gpu': '2' }),
    [],
    { reason: 'OutOfmemory', message: "Node didn't have enough resource: memory, requested: 2147483648, used: 0, capacity: 1073741824" },
  ],
  [
    'overhead counts',
    pod({ overhead: { cpu: '3' } }),
    [],
    { reason: 'OutOfcpu', message: "Node didn't have enough resource: cpu, requested: 3000, used: 0, capacity: 2000" },
  ],
  [
    'an extended resource',
    asking({ 'example.com/gpu': '1' }),
    [asking({ 'example.com/gpu': '1' })],
    { reason: 'OutOfexample.com/gpu', message: "Node didn't have enough resource: example.com/gpu, requested: 1, used: 1, capacity: 1" },
  ],
  [
    'the number of pods',
    pod({}),
    [pod({}), pod({}), pod({})],
    { reason: 'OutOfpods', message: "Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3" },
  ],
  [
    'the node selector',
    pod({ nodeSelector: { disk: 'hdd' } }),
    [],
    { reason: 'NodeAffinity', message: "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector" },
  ],
  [
    'a host port, on whatever address',
    pod({}, { ports: [{ containerPort: 80, hostPort: 80, hostIP: '127.0.0.1' }] }),
    [pod({}, { ports: [{ containerPort: 8080, hostPort: 80 }] })],
    { reason: 'NodePorts', message: "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports" },
  ],
  [
    'a taint that evicts',
    pod({ tolerations: [] }),
    [],
    { reason: 'TaintToleration', message: "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate" },
  ],
  [
    'another system',
    pod({ os: { name: 'windows' } }),
    [],
    { reason: 'PodOSNotSupported', message: "Failed to admit pod as the OS field doesn't match node OS" },
  ],
])('%s', (_name, candidate, others, expected) => {
  expect(reject(candidate, others, node)).toEqual(expected);
});

test('a node under pressure takes nothing, or only what asks for memory', () => {
  const pressed = (...types: string[]): Node => {
    const conditions = types.map((type) => ({ type, status: 'True' }));
    return { ...node, status: { ...node.status, conditions } };
  };
  const burstable = { ...asking({ memory: '1' }), status: { phase: 'Pending', qosClass: 'Burstable' } };
  expect(reject(pod({ tolerations: [] }), [], pressed('MemoryPressure'))).toEqual({
    reason: 'Evicted',
    message: 'The node had condition: [MemoryPressure]. ',
  });
  expect(reject(burstable, [], pressed('MemoryPressure'))).toBeUndefined();
  expect(reject(burstable, [], pressed('MemoryPressure', 'DiskPressure'))?.reason).toBe('Evicted');
  expect(reject(pod({ priority: 2_000_000_000 }), [], pressed('DiskPressure'))).toBeUndefined();
});

test('a host port of another protocol or address is free', () => {
  const one = pod({}, { ports: [{ containerPort: 53, hostPort: 53, protocol: 'UDP' }] });
  const other = pod({}, { ports: [{ containerPort: 53, hostPort: 53, hostIP: '127.0.0.1' }] });
  const third = pod({}, { ports: [{ containerPort: 53, hostPort: 53, hostIP: '127.0.0.2' }] });
  expect(reject(other, [one, third], node)).toBeUndefined();
});

test('AppArmor is for nodes that have it', () => {
  const confined = pod({ securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } });
  expect(reject(confined, [], node)?.reason).toBe('AppArmor');
  expect(reject(confined, [], node, { appArmor: true })).toBeUndefined();
});

test('sysctls beyond the safe ones are for pods of nodes that allow them', () => {
  const asks = (name: string, spec: object = {}) => pod({ securityContext: { sysctls: [{ name, value: '1' }] }, ...spec });
  const unsafeSysctls = ['kernel.msgmax', 'net.core.*'];
  expect(reject(asks('kernel.msgmax'), [], node, { unsafeSysctls })).toBeUndefined();
  expect(reject(asks('net/core/somaxconn'), [], node, { unsafeSysctls })).toBeUndefined();
  for (const refused of [reject(asks('kernel.msgmax'), [], node), reject(asks('kernel.msgmni'), [], node, { unsafeSysctls })])
    expect(refused).toMatchObject({ reason: 'SysctlForbidden', message: expect.stringContaining('not allowlisted') });
  expect(reject(asks('kernel.msgmax', { hostIPC: true }), [], node, { unsafeSysctls })?.message).toContain(
    'not allowed with host ipc enabled',
  );
});

test.each([
  ['kernel.msg*', undefined],
  ['net.ipv4.route.min_pmtu', undefined],
  ['fs.mqueue.msg_max', undefined],
  ['vm.swappiness', 'the sysctl "vm.swappiness" is not known to be namespaced'],
  ['kernel.*', 'the sysctls "kernel.*" are not known to be namespaced'],
  ['Net', 'sysctl "Net" must have a valid name'],
])('whether pods may be allowed to set %s', (pattern, fault) => {
  expect(unsafeSysctlFault(pattern)).toBe(fault);
});
