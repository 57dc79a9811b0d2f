import { expect, test } from '@jest/globals';
import type { FieldError } from '../../../api/field-errors.ts';
import type { Pod } from '../../../api/generated/types.ts';
import { appArmorFromAnnotations, gateCondition, mergeLabelKeys } from './prepare.ts';
import { validateResize } from './validate-resize.ts';
import { validatePodStatus } from './validate-status.ts';
import { validatePodUpdate } from './validate-update.ts';

const container = { name: 'c', image: 'i', imagePullPolicy: 'Always', terminationMessagePolicy: 'File' };
const podOf = (spec: object, { status = {}, metadata = {} }: { status?: object; metadata?: object } = {}): Pod =>
  ({
    metadata: { name: 'p', ...metadata },
    spec: { restartPolicy: 'Always', dnsPolicy: 'ClusterFirst', serviceAccountName: 's', containers: [container], ...spec },
    status,
  }) as unknown as Pod;
const texts = (faults: readonly FieldError[]): string[] => faults.map(({ field, body }) => `${field}: ${body.split('\n')[0] ?? ''}`);
const sized = (requests: object, limits?: object): object => ({
  containers: [{ ...container, resources: { requests, ...(limits === undefined ? {} : { limits }) } }],
});

test('a status is told in addresses of two families at most, of nodes that have a name', () => {
  const faults = (status: object, spec: object = {}): string[] => texts(validatePodStatus(podOf(spec, { status }), podOf(spec)));
  expect(faults({ podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }], hostIP: '10.0.0.9', hostIPs: [{ ip: '10.0.0.9' }] })).toEqual([]);
  expect(faults({ podIPs: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }] }).join()).toContain('no more than one IP for each IP family');
  expect(faults({ hostIP: '10.0.0.8', hostIPs: [{ ip: '10.0.0.9' }] }).join()).toContain('must be equal to `hostIP`');
  expect(faults({ nominatedNodeName: 'n' }, { nodeName: 'm' })).toEqual([
    'status.nominatedNodeName: Forbidden: may not be set on pods that are already bound to a node',
  ]);
  expect(faults({ qosClass: 'Guaranteed' })).toEqual(['status.qosClass: Invalid value: "Guaranteed": field is immutable']);
  expect(faults({ resourceClaimStatuses: [{ name: 'a' }] }).join()).toContain('must match the name of an entry in `spec.resourceClaims`');
});

test('annotations that say how the pod runs stay', () => {
  const marked = (annotations: object): Pod => podOf({ nodeName: 'n' }, { metadata: { annotations } });
  const mirror = { 'kubernetes.io/config.mirror': 'x' };
  expect(texts(validatePodUpdate(marked(mirror), marked(mirror)))).toEqual([]);
  expect(texts(validatePodUpdate(marked(mirror), marked({})))).toEqual([
    'metadata.annotations[kubernetes.io/config.mirror]: Forbidden: may not add mirror pod annotation',
  ]);
  expect(texts(validatePodUpdate(marked({}), marked(mirror))).join()).toContain('may not remove or update mirror pod annotation');
});

test('a pod that waits may be told more closely where to go', () => {
  const term = (...keys: string[]): object => ({ matchExpressions: keys.map((key) => ({ key, operator: 'Exists' })) });
  const gated = (...nodeSelectorTerms: object[]): Pod => {
    const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } };
    return podOf({ schedulingGates: [{ name: 'g' }], affinity: { nodeAffinity } });
  };
  expect(texts(validatePodUpdate(gated(term('a', 'b')), gated(term('a'))))).toEqual([]);
  expect(texts(validatePodUpdate(gated(term('b')), gated(term('a')))).join()).toContain('only additions are allowed');
  expect(texts(validatePodUpdate(gated(term('a'), term('b')), gated(term('a')))).join()).toContain('no additions/deletions');
});

test('a resize changes cpu and memory, takes none of them away, and leaves the class of service', () => {
  const old = podOf(sized({ cpu: '1', memory: '1Gi' }, { cpu: '2' }));
  const faults = (spec: object): string[] => texts(validateResize(podOf(spec), old));
  expect(faults(sized({ cpu: '2', memory: '2Gi' }, { cpu: '3' }))).toEqual([]);
  expect(faults(sized({ cpu: '1' }, { cpu: '2' }))).toEqual([
    'spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed',
  ]);
  expect(faults(sized({ cpu: '1', memory: '1Gi' }, { cpu: '1', memory: '1Gi' })).join()).toContain('QOS Class may not change');
  expect(faults(sized({ cpu: '1', memory: '1Gi', 'ephemeral-storage': '1' }, { cpu: '2' }))).toEqual([
    'spec: Forbidden: only cpu and memory resources are mutable',
  ]);
  expect(faults({ containers: [{ ...container, name: 'd' }] }).at(-1)).toBe(
    'spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize',
  );
  const whole = podOf({ resources: { requests: { cpu: '1' } } });
  expect(texts(validateResize(podOf({ resources: { requests: { cpu: '2' } } }), whole))).toEqual([]);
  expect(texts(validateResize(podOf({}), whole)).join()).toContain('pod-level resources cannot be removed');
});

test('creation dates the gate, merges keys of labels and reads old annotations', () => {
  const constraint = { labelSelector: { matchLabels: { a: 'b' } }, matchLabelKeys: ['app', 'none'], topologyKey: 'z' };
  const key = 'container.apparmor.security.beta.kubernetes.io/c';
  const metadata = { labels: { app: 'x' }, annotations: { [key]: 'localhost/y' } };
  const pod = podOf({ schedulingGates: [{ name: 'g' }], topologySpreadConstraints: [constraint] }, { metadata });
  const warnings: string[] = [];
  gateCondition(pod, '2026-01-01T00:00:00Z');
  mergeLabelKeys(pod);
  appArmorFromAnnotations(pod, (text) => warnings.push(text));
  expect(pod.status.conditions).toMatchObject([{ reason: 'SchedulingGated', lastTransitionTime: '2026-01-01T00:00:00Z' }]);
  expect(pod.spec.topologySpreadConstraints?.[0]?.labelSelector).toEqual({
    matchLabels: { a: 'b' },
    matchExpressions: [{ key: 'app', operator: 'In', values: ['x'] }],
  });
  expect(pod.spec.containers[0]?.securityContext).toEqual({ appArmorProfile: { type: 'Localhost', localhostProfile: 'y' } });
  expect(warnings).toEqual([`metadata.annotations[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`]);
});
