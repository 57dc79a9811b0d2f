import { describe, expect, test } from '@jest/globals';
import type { ConfigMap, Container, Secret, Service } from '../../api/generated/types.ts';
import type { PodReferences } from '../references.ts';
import { testPod } from '../testing/pods.ts';
import { envFileValue } from './env-file.ts';
import { containerEnv } from './env.ts';
import { hostsFile, parseResolvConf, podHostname, resolvConf } from './etc-files.ts';
import { expand } from './expand.ts';
import { fieldValue, resourceValue } from './field-refs.ts';
import { cgroupParent, resourceLimits } from './resources.ts';
import { securityConfig } from './security.ts';
import { serviceEnv } from './service-env.ts';

const service = (name: string, namespace: string, clusterIP: string): Service =>
  ({
    metadata: { name, namespace },
    spec: {
      clusterIP,
      ports: [
        { name: 'web-ui', port: 80, protocol: 'TCP' },
        { port: 53, protocol: 'UDP' },
      ],
    },
  }) as unknown as Service;

test.each([
  ['$(A) $(B) $$(A) $A $', 'a $(B) $(A) $A $'],
  ['$(', '$('],
])('%s becomes %s', (text, expected) => {
  expect(expand(text, (name) => ({ A: 'a' })[name])).toBe(expected);
});

describe('service variables', () => {
  const all = [
    service('my-db', 'ns', '10.0.0.5'),
    service('other', 'elsewhere', '10.0.0.6'),
    service('kubernetes', 'default', 'fd00::1'),
    service('headless', 'ns', 'None'),
  ];
  test('of the namespace and of the API server', () => {
    const env = Object.fromEntries(serviceEnv(all, 'ns', true));
    expect(env).toMatchObject({
      MY_DB_SERVICE_HOST: '10.0.0.5',
      MY_DB_SERVICE_PORT: '80',
      MY_DB_SERVICE_PORT_WEB_UI: '80',
      MY_DB_PORT: 'tcp://10.0.0.5:80',
      MY_DB_PORT_53_UDP: 'udp://10.0.0.5:53',
      MY_DB_PORT_53_UDP_PROTO: 'udp',
      KUBERNETES_PORT_80_TCP: 'tcp://[fd00::1]:80',
    });
    expect(Object.keys(env).some((name) => /OTHER|HEADLESS/.test(name))).toBe(false);
  });
  test('without links only the API server', () => {
    expect([...serviceEnv(all, 'ns', false).keys()].every((name) => name.startsWith('KUBERNETES'))).toBe(true);
  });
});

describe('environment', () => {
  const references = {
    configMap: async (name: string) => (name === 'cm' ? ({ data: { a: '1', b: '2' } } as unknown as ConfigMap) : undefined),
    secret: async (name: string) => (name === 's' ? ({ data: { k: 'c2VjcmV0' } } as unknown as Secret) : undefined),
  } as PodReferences;
  const files: Readonly<Record<string, string>> = { 'vol/env': "# first\nA='a b' # c\nB='two\nlines'\n" };
  const env = async (container: Partial<Container>): Promise<Record<string, string>> => {
    const input = { pod: testPod(), container: { name: 'c', ...container }, services: [service('db', 'ns', '10.0.0.5')], references };
    return Object.fromEntries(
      await containerEnv({
        ...input,
        allocatable: { cpu: '2' },
        volumeFile: async (volume, path) => files[`${volume}/${path}`] ?? Promise.reject(new Error('none')),
        podIPs: ['10.0.0.9'],
        hostIPs: ['1.2.3.4'],
      }),
    );
  };

  test('out of files that other containers left', async () => {
    const from = (key: string, optional = false) => [
      { name: 'X', valueFrom: { fileKeyRef: { volumeName: 'vol', path: 'env', key, optional } } },
    ];
    expect(await env({ env: from('A') })).toMatchObject({ X: 'a b' });
    expect(await env({ env: from('B') })).toMatchObject({ X: 'two\nlines' });
    expect(await env({ env: from('C', true) })).not.toHaveProperty('X');
    await expect(env({ env: from('C') })).rejects.toThrow('environment variable key "C" not found in file "env"');
  });

  test.each([
    ["  A='x'", 'x'],
    ["A= 'x'", ''],
    ["A='x", 'invalid environment variable format starting at line 1: unclosed single quote'],
    ["A ='x'", "invalid environment variable format at line 1: whitespace before '=' is not allowed"],
    ['A=x', 'invalid environment variable format at line 1: value must be enclosed in single quotes'],
    ["\nA='x'y", 'invalid environment variable format at line 2: unexpected content after closing quote'],
    ['A', "invalid environment variable format at line 1: missing '='"],
  ])('a line of such a file: %j', (text, wanted) => {
    const read = (): string => {
      try {
        return envFileValue(text, 'A');
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(read()).toBe(wanted);
  });

  test('sources, expansion and precedence', async () => {
    const result = await env({
      envFrom: [{ prefix: 'P_', configMapRef: { name: 'cm' } }],
      env: [
        { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
        { name: 'URL', value: 'http://$(IP)/$(P_a)/$(DB_SERVICE_HOST)/$(NONE)' },
        { name: 'S', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
        { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
        { name: 'DB_SERVICE_HOST', value: 'mine' },
        { name: 'GONE', valueFrom: { configMapKeyRef: { name: 'none', key: 'x', optional: true } } },
      ],
    });
    expect(result).toMatchObject({
      IP: '10.0.0.9',
      URL: 'http://10.0.0.9/1/10.0.0.5/$(NONE)',
      S: 'secret',
      CPU: '2',
      DB_SERVICE_HOST: 'mine',
      P_b: '2',
    });
    expect(result).not.toHaveProperty('GONE');
  });

  test.each([
    [{ envFrom: [{ secretRef: { name: 'none' } }] }, 'secret "none" not found'],
    [{ env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'cm', key: 'x' } } }] }, "couldn't find key x in ConfigMap ns/cm"],
    [{ env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'x' } } }] }, "couldn't find key x in Secret ns/s"],
  ])('what is missing stops the container: %j', async (container, message) => {
    await expect(env(container)).rejects.toThrow(message);
  });
});

test('fields of the pod', () => {
  const pod = testPod({ metadata: { labels: { b: '2', a: 'x"y' } }, spec: { serviceAccountName: 'sa' } });
  const at = { podIPs: ['1', '2'], hostIPs: [] };
  expect(fieldValue(pod, "metadata.labels['b']", at)).toBe('2');
  expect(fieldValue(pod, 'metadata.labels', at)).toBe('a="x\\"y"\nb="2"');
  expect(fieldValue(pod, 'status.podIPs', at)).toBe('1,2');
  expect(fieldValue(pod, 'spec.bogus', at)).toBeUndefined();
});

test.each([
  ['limits.cpu', '1m', '1500'],
  ['limits.cpu', undefined, '2'],
  ['requests.memory', '1Mi', '64'],
  ['limits.memory', '1Gi', '4'],
])('%s in units of %s is %s', (resource, divisor, expected) => {
  const container = { name: 'c', resources: { limits: { cpu: '1500m' }, requests: { memory: '64Mi' } } };
  expect(resourceValue(container, resource, { ...(divisor === undefined ? {} : { divisor }), limits: { memory: '4Gi' } })).toBe(expected);
});

describe('resources', () => {
  test('requests are shares, limits a quota', () => {
    const container = { name: 'c', resources: { requests: { cpu: '250m', memory: '1Gi' }, limits: { cpu: '0.5', memory: '2Gi' } } };
    const pod = testPod({ status: { qosClass: 'Burstable' } });
    expect(resourceLimits(pod, container, 8 * 2 ** 30)).toEqual({
      cpuShares: 256,
      cpuQuota: 50_000,
      cpuPeriod: 100_000,
      memoryBytes: 2 ** 31,
      oomScoreAdj: 875,
    });
  });
  test.each([
    ['Guaranteed', '/kubepods/podu1', -997],
    ['Burstable', '/kubepods/burstable/podu1', 999],
    ['BestEffort', '/kubepods/besteffort/podu1', 1000],
  ])('%s', (qosClass, parent, oomScoreAdj) => {
    const pod = testPod({ status: { qosClass } });
    expect(cgroupParent(pod)).toBe(parent);
    expect(resourceLimits(pod, { name: 'c' }, 2 ** 33)).toEqual({ cpuShares: 2, oomScoreAdj });
  });
});

describe('security', () => {
  const config = (spec: object, securityContext: object, imageUser = '') =>
    securityConfig({
      pod: testPod({ spec: { containers: [], ...spec } }),
      container: { name: 'c', securityContext },
      imageUser,
      seccompProfile: (name) => (name === 'p.json' ? '{}' : undefined),
    });

  test('the container goes before the pod', () => {
    const pod = { securityContext: { runAsUser: 1, runAsGroup: 2, fsGroup: 3, supplementalGroups: [4] } };
    expect(config(pod, { runAsUser: 9 })).toMatchObject({ user: '9:2', groups: ['4', '3'], seccomp: 'unconfined' });
    expect(config({}, {})).toMatchObject({ user: '', noNewPrivileges: false });
    expect(config({}, { runAsGroup: 5 }, '1000:1000')).toMatchObject({ user: '1000:5' });
    expect(config({}, { seccompProfile: { type: 'RuntimeDefault' } })).toMatchObject({ seccomp: 'default' });
    expect(config({}, { seccompProfile: { type: 'Localhost', localhostProfile: 'p.json' } })).toMatchObject({ seccomp: '{}' });
  });

  test.each([
    [{}, {}, ''],
    [{ appArmorProfile: { type: 'RuntimeDefault' } }, {}, ''],
    [{ appArmorProfile: { type: 'Localhost', localhostProfile: 'mine' } }, {}, 'mine'],
    [{ appArmorProfile: { type: 'Localhost', localhostProfile: 'mine' } }, { appArmorProfile: { type: 'Unconfined' } }, 'unconfined'],
  ])('AppArmor: the container goes before the pod: %j %j', (pod, container, expected) => {
    expect(config({ securityContext: pod }, container).appArmor).toBe(expected);
  });

  test.each([
    [{ runAsNonRoot: true }, '', 'container has runAsNonRoot and image will run as root (pod: "p_ns(u1)", container: c)'],
    [{ runAsNonRoot: true, runAsUser: 0 }, '', 'container\'s runAsUser breaks non-root policy (pod: "p_ns(u1)", container: c)'],
    [{ runAsNonRoot: true }, 'web', 'image has non-numeric user (web), cannot verify user is non-root'],
    [{ seccompProfile: { type: 'Localhost', localhostProfile: 'x' } }, '', 'cannot load seccomp profile "x"'],
  ])('refuses %j', (context, imageUser, message) => {
    expect(() => config({}, context, imageUser)).toThrow(message);
  });
});

describe('files of a pod', () => {
  test('hostname and domain', () => {
    expect(podHostname(testPod(), 'cluster.local')).toEqual({ hostname: 'p', domain: '' });
    const named = testPod({ spec: { hostname: 'h', subdomain: 's' } });
    expect(podHostname(named, 'cluster.local')).toEqual({ hostname: 'h', domain: 's.ns.svc.cluster.local' });
    expect(podHostname(testPod({ metadata: { name: `${'a'.repeat(62)}-bbb` } }), 'x').hostname).toBe('a'.repeat(62));
  });

  test('hosts', () => {
    const pod = testPod({ spec: { hostAliases: [{ ip: '9.9.9.9', hostnames: ['a', 'b'] }] } });
    const text = hostsFile({ pod, podIPs: ['10.0.0.2', 'fd00::2'], hostname: 'h', domain: 's.ns', nodeHosts: '' });
    expect(text).toMatch(/^# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n/);
    expect(text).toContain('10.0.0.2\th.s.ns\th\nfd00::2\th.s.ns\th\n');
    expect(text).toMatch(/# Entries added by HostAliases.\n9.9.9.9\ta\tb\n$/);
    const onHost = hostsFile({
      pod: testPod({ spec: { hostNetwork: true } }),
      podIPs: [],
      hostname: 'h',
      domain: '',
      nodeHosts: '127.0.0.1 localhost\n',
    });
    expect(onHost).toBe('# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost\n');
  });

  const node = parseResolvConf('nameserver 8.8.8.8\nsearch example.com.\noptions edns0 # comment\n');
  const resolver = (spec: object): string =>
    resolvConf({
      pod: testPod({ spec }),
      clusterDNS: ['10.43.0.10'],
      clusterDomain: 'cluster.local',
      node: { ...node, options: ['edns0'] },
    });
  test.each([
    [{}, 'search ns.svc.cluster.local svc.cluster.local cluster.local example.com\nnameserver 10.43.0.10\noptions ndots:5\n'],
    [{ dnsPolicy: 'Default' }, 'search example.com\nnameserver 8.8.8.8\noptions edns0\n'],
    [{ hostNetwork: true }, 'search example.com\nnameserver 8.8.8.8\noptions edns0\n'],
    [
      {
        dnsPolicy: 'None',
        dnsConfig: { nameservers: ['1.1.1.1'], searches: ['a'], options: [{ name: 'ndots', value: '2' }, { name: 'debug' }] },
      },
      'search a\nnameserver 1.1.1.1\noptions ndots:2 debug\n',
    ],
    [
      { dnsConfig: { options: [{ name: 'ndots', value: '1' }] } },
      'search ns.svc.cluster.local svc.cluster.local cluster.local example.com\nnameserver 10.43.0.10\noptions ndots:1\n',
    ],
  ])('resolv.conf for %j', (spec, expected) => {
    expect(resolver(spec)).toBe(expected);
  });
});
