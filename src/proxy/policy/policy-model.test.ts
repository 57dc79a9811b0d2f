import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type {
  LabelSelector,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  NetworkPolicySpec,
  Pod,
} from '../../api/generated/types.ts';
import { labelMatcher } from '../../api/label-selector.ts';
import { podFacts } from './pod-facts.ts';
import { PolicyModel } from './policy-model.ts';
import { networkPolicy, pod } from './testing/objects.ts';
import { NftSimulator, within, type Packet } from './testing/simulator.ts';

type World = { namespaces: Map<string, Record<string, string>>; pods: Map<string, Pod>; policies: Map<string, NetworkPolicy> };

function emptyWorld(): World {
  return { namespaces: new Map(), pods: new Map(), policies: new Map() };
}

/** The node whose table is looked at. */
const here = 'n1';

/** A model and the table it makes by single commands. */
class Bench {
  readonly model = new PolicyModel('aaaa03');
  readonly nft = new NftSimulator();
  constructor() {
    this.nft.run(this.model.table.fullText());
  }
  pod(key: string, parts: Parameters<typeof pod>[1] | undefined): this {
    this.model.setPod(key, parts && podFacts(pod(key, parts), here));
    return this.flush();
  }
  policy(key: string, spec: NetworkPolicySpec | undefined): this {
    this.model.setPolicy(key, spec && networkPolicy(key, spec));
    return this.flush();
  }
  namespace(name: string, labels: Record<string, string> | undefined): this {
    this.model.setNamespace(name, labels);
    return this.flush();
  }
  flush(): this {
    this.nft.run(this.model.table.takeCommands());
    return this;
  }
  allows(from: string, to: string, port = 80, protocol: Packet['protocol'] = 'tcp'): boolean {
    return this.nft.forwards({ from, to, port, protocol });
  }
}

const all = { podSelector: {} };
const web = { labels: { app: 'web' }, ips: ['10.0.0.1', 'fd00::1'] };
const peer = { labels: { app: 'peer' }, ips: ['10.0.0.2', 'fd00::2'] };

describe('what is let through', () => {
  test('pods that no policy selects are open; one policy closes its direction alone', () => {
    const bench = new Bench().pod('a/web', web).pod('a/peer', peer);
    expect(bench.allows('10.0.0.2', '10.0.0.1')).toBe(true);
    bench.policy('a/deny', { podSelector: { matchLabels: { app: 'web' } } });
    expect([bench.allows('10.0.0.2', '10.0.0.1'), bench.allows('fd00::2', 'fd00::1')]).toEqual([false, false]);
    expect([bench.allows('10.0.0.1', '10.0.0.2'), bench.allows('fd00::1', 'fd00::2')]).toEqual([true, true]);
    bench.policy('a/deny', undefined);
    expect(bench.allows('10.0.0.2', '10.0.0.1')).toBe(true);
  });

  test('a policy of another namespace selects nothing here', () => {
    const bench = new Bench().pod('a/web', web).policy('b/deny', all);
    expect(bench.allows('10.9.9.9', '10.0.0.1')).toBe(true);
  });

  test('several policies let through what any of them does', () => {
    const bench = new Bench().pod('a/web', web).policy('a/one', { ...all, ingress: [{ ports: [{ port: 80 }] }] });
    bench.policy('a/two', { ...all, ingress: [{ ports: [{ port: 81 }] }] });
    expect([80, 81, 82].map((port) => bench.allows('1.2.3.4', '10.0.0.1', port))).toEqual([true, true, false]);
  });

  test('both ends have to agree when both are here', () => {
    const bench = new Bench().pod('a/web', web).pod('a/peer', peer);
    bench.policy('a/out', {
      podSelector: { matchLabels: { app: 'peer' } },
      policyTypes: ['Egress'],
      egress: [{ to: [{ podSelector: {} }] }],
    });
    expect(bench.allows('10.0.0.2', '10.0.0.1')).toBe(true);
    bench.policy('a/in', { podSelector: { matchLabels: { app: 'web' } } });
    expect(bench.allows('10.0.0.2', '10.0.0.1')).toBe(false);
  });

  test('a pod reaches itself whatever the policies say', () => {
    const bench = new Bench().pod('a/web', web).policy('a/deny', { ...all, policyTypes: ['Ingress', 'Egress'] });
    expect([bench.allows('10.0.0.1', '10.0.0.1'), bench.allows('fd00::1', 'fd00::1')]).toEqual([true, true]);
    expect(bench.allows('10.0.0.1', '10.0.0.2')).toBe(false);
  });

  test('pods of other nodes are peers, but their policies are not enforced here', () => {
    const bench = new Bench()
      .pod('a/web', web)
      .pod('a/peer', { ...peer, node: 'n2' })
      .policy('a/same', { ...all, ingress: [{ from: [{ podSelector: {} }] }] });
    expect(bench.allows('10.0.0.2', '10.0.0.1')).toBe(true);
    expect(bench.allows('1.2.3.4', '10.0.0.2')).toBe(true);
    expect(bench.allows('1.2.3.4', '10.0.0.1')).toBe(false);
  });

  test('pods in the host network and pods that have ended are neither peers nor isolated', () => {
    const bench = new Bench().pod('a/web', web).policy('a/same', { ...all, ingress: [{ from: [{ podSelector: {} }] }] });
    bench.pod('a/host', { ips: ['192.0.2.1'], hostNetwork: true }).pod('a/done', { ips: ['10.0.0.9'], phase: 'Succeeded' });
    expect(bench.allows('192.0.2.1', '10.0.0.1')).toBe(false);
    expect(bench.allows('10.0.0.9', '10.0.0.1')).toBe(false);
    expect(bench.allows('1.1.1.1', '192.0.2.1')).toBe(true);
  });

  test('a named port is whatever the pod calls so', () => {
    const bench = new Bench().pod('a/web', { ...web, ports: { http: 8080 } }).pod('a/peer', { ...peer, ports: { http: 9090 } });
    bench.policy('a/http', { ...all, ingress: [{ ports: [{ port: 'http' }] }] });
    expect([8080, 9090].map((port) => bench.allows('1.1.1.1', '10.0.0.1', port))).toEqual([true, false]);
    expect([8080, 9090].map((port) => bench.allows('fd09::1', 'fd00::2', port))).toEqual([false, true]);
    expect(bench.allows('1.1.1.1', '10.0.0.1', 8080, 'udp')).toBe(false);
  });

  test('an address that moves to another pod takes nothing along', () => {
    const bench = new Bench()
      .policy('a/deny', { podSelector: { matchLabels: { app: 'web' } } })
      .pod('a/web', web)
      .pod('a/next', { ...peer, ips: web.ips });
    expect(bench.allows('1.1.1.1', '10.0.0.1')).toBe(true);
    bench.pod('a/web', undefined);
    expect(bench.allows('1.1.1.1', '10.0.0.1')).toBe(true);
    bench.pod('a/next', { ...web });
    expect(bench.allows('1.1.1.1', '10.0.0.1')).toBe(false);
  });
});

describe("the cluster's DNS", () => {
  const dns = [
    { ip: '10.0.0.53', protocol: 'udp', port: 10053 },
    { ip: 'fd00::53', protocol: 'tcp', port: 10053 },
  ] as const;
  const question: Packet = { from: '10.0.0.1', to: '10.0.0.53', port: 10053, protocol: 'udp' };
  const out = { ...all, policyTypes: ['Egress'] };

  test.each<[string, NetworkPolicySpec | undefined, boolean]>([
    ['no policy', undefined, true],
    ['deny all', out, false],
    ['port 53', { ...out, egress: [{ ports: [{ port: 53, protocol: 'UDP' }] }] }, true],
    ['port 53 of TCP', { ...out, egress: [{ ports: [{ port: 53 }] }] }, false],
    ['by label', { ...out, egress: [{ to: [{ namespaceSelector: {}, podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }] }] }, true],
    ['by label and name', { ...out, egress: [{ to: [{ namespaceSelector: {} }], ports: [{ port: 'dns', protocol: 'UDP' }] }] }, true],
    [
      'another label',
      {
        ...out,
        egress: [{ to: [{ namespaceSelector: {}, podSelector: { matchLabels: { a: 'b' } } }], ports: [{ port: 53, protocol: 'UDP' }] }],
      },
      false,
    ],
  ])('%s', (_title, spec, expected) => {
    const bench = new Bench().pod('a/web', web).namespace('kube-system', {});
    bench.model.setDns(dns);
    bench.flush().policy('a/p', spec);
    expect([bench.nft.receives(question), bench.nft.forwards(question)]).toEqual([expected, expected]);
    // Everything else on the node is reached always.
    expect(bench.nft.receives({ ...question, port: 22 })).toBe(true);
    bench.model.setDns([]);
    bench.flush();
    expect(bench.nft.receives(question)).toBe(true);
  });
});

describe('changes', () => {
  test('a pod that comes is one element a set, no rule', () => {
    const bench = new Bench()
      .pod('a/web', web)
      .policy('a/same', { ...all, ingress: [{ from: [{ podSelector: { matchLabels: { app: 'peer' } } }] }] });
    bench.model.setPod('a/peer', podFacts(pod('a/peer', { ...peer, node: 'n2' }), here));
    expect(bench.model.table.takeCommands().trim().split('\n')).toEqual([
      expect.stringMatching(/^add element inet coracle_aaaa03_policy s\w+_4 { 10\.0\.0\.2 }$/),
      expect.stringMatching(/^add element inet coracle_aaaa03_policy s\w+_6 { fd00::2 }$/),
    ]);
  });

  test('what changes nothing costs nothing', () => {
    const bench = new Bench().pod('a/web', web).policy('a/deny', all);
    expect(bench.model.setPod('a/web', podFacts(pod('a/web', web), here))).toBe(false);
    bench.model.setPolicy('a/deny', networkPolicy('a/deny', all));
    expect(bench.model.table.takeCommands()).toBe('');
  });

  test('nothing is left when everything has gone', () => {
    const bench = new Bench();
    const empty = JSON.stringify(bench.nft.dump());
    bench
      .namespace('b', { team: 'x' })
      .pod('a/web', { ...web, ports: { http: 80 } })
      .pod('b/peer', peer);
    bench.policy('a/p', {
      ...all,
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: 'x' } } }], ports: [{ port: 'http' }] }],
    });
    expect(JSON.stringify(bench.nft.dump())).not.toBe(empty);
    bench.pod('b/peer', undefined).policy('a/p', undefined).namespace('b', undefined).pod('a/web', undefined);
    expect(JSON.stringify(bench.nft.dump())).toBe(empty);
  });
});

const ips = ['10.0.0.1', '10.0.0.2', '10.0.1.3', 'fd00::1', 'fd00::2'];
const labels = fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('1', '2'), { noNullPrototype: true });
const selector: fc.Arbitrary<LabelSelector> = fc.oneof<fc.Arbitrary<LabelSelector>[]>(
  fc.constant({}),
  labels.map((matchLabels) => ({ matchLabels })),
  fc
    .record({ key: fc.constantFrom('a', 'b'), operator: fc.constantFrom('Exists', 'DoesNotExist') })
    .map((expression) => ({ matchExpressions: [expression] })),
  fc
    .record({ key: fc.constantFrom('a', 'b'), operator: fc.constantFrom('In', 'NotIn'), values: fc.subarray(['1', '2'], { minLength: 1 }) })
    .map((expression) => ({ matchExpressions: [expression] })),
);
const peers: fc.Arbitrary<NetworkPolicyPeer> = fc.oneof<fc.Arbitrary<NetworkPolicyPeer>[]>(
  selector.map((podSelector) => ({ podSelector })),
  selector.map((namespaceSelector) => ({ namespaceSelector })),
  fc.record({ podSelector: selector, namespaceSelector: selector }),
  fc.constantFrom<NetworkPolicyPeer>(
    { ipBlock: { cidr: '10.0.0.0/16', except: ['10.0.1.0/24'] } },
    { ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.2/32'] } },
    { ipBlock: { cidr: '::/0' } },
  ),
);
const ports: fc.Arbitrary<NetworkPolicyPort> = fc.constantFrom<NetworkPolicyPort>(
  { port: 80 },
  { port: 'http' },
  { port: 79, endPort: 90 },
  { protocol: 'UDP' },
  { protocol: 'UDP', port: 80 },
);
const rules = fc.array(fc.record({ peers: fc.array(peers, { maxLength: 2 }), ports: fc.array(ports, { maxLength: 2 }) }), { maxLength: 2 });
const specs: fc.Arbitrary<NetworkPolicySpec> = fc
  .record({ podSelector: selector, ingress: rules, egress: rules, policyTypes: fc.subarray(['Ingress', 'Egress'], { minLength: 1 }) })
  .map(({ podSelector, ingress, egress, policyTypes }) => ({
    podSelector,
    policyTypes,
    ingress: ingress.map((rule) => ({ from: rule.peers, ports: rule.ports })),
    egress: egress.map((rule) => ({ to: rule.peers, ports: rule.ports })),
  }));
const podParts = fc.record({
  labels,
  node: fc.constantFrom(here, here, 'n2'),
  ips: fc.subarray(ips, { minLength: 1, maxLength: 2 }),
  ports: fc.constantFrom<Record<string, number>>({}, { http: 80 }, { http: 81 }),
});
const namespaceName = fc.constantFrom('x', 'y');
const step = fc.oneof(
  fc.record({
    kind: fc.constant('pod' as const),
    key: fc.constantFrom('x/1', 'x/2', 'y/1', 'y/2'),
    parts: fc.option(podParts, { nil: undefined }),
  }),
  fc.record({
    kind: fc.constant('policy' as const),
    key: fc.constantFrom('x/p', 'x/q', 'y/p'),
    spec: fc.option(specs, { nil: undefined }),
  }),
  fc.record({ kind: fc.constant('namespace' as const), key: namespaceName, labels: fc.option(labels, { nil: undefined, freq: 9 }) }),
);

/** What the API's documentation says, object by object, with no thought of sets or speed. */
function allowed(world: World, packet: Packet): boolean {
  const ends = { ingress: packet.to, egress: packet.from } as const;
  return (['ingress', 'egress'] as const).every((direction) => {
    const own = [...world.pods].filter(
      ([, { spec, status }]) => spec.nodeName === here && status?.podIPs?.some(({ ip }) => ip === ends[direction]) === true,
    );
    if (packet.from === packet.to) return true;
    return own.every(([key, { metadata }]) => {
      const policies = [...world.policies]
        .filter(([name, { spec }]) => name.split('/')[0] === key.split('/')[0] && labelMatcher(spec?.podSelector ?? {})(metadata.labels))
        .filter(([, { spec }]) => spec?.policyTypes?.includes(direction === 'ingress' ? 'Ingress' : 'Egress'));
      const other = direction === 'ingress' ? packet.from : packet.to;
      return (
        policies.length === 0 ||
        policies.some(([name, { spec }]) =>
          (direction === 'ingress'
            ? (spec?.ingress ?? []).map((rule) => ({ peers: rule.from, ports: rule.ports }))
            : (spec?.egress ?? []).map((rule) => ({ peers: rule.to, ports: rule.ports }))
          ).some(
            (rule) =>
              (rule.peers?.length === 0 || rule.peers?.some((one) => isPeer(world, name.split('/')[0] ?? '', one, other)) === true) &&
              (rule.ports?.length === 0 || rule.ports?.some((one) => isPort(world, one, packet)) === true),
          ),
        )
      );
    });
  });
}

function isPeer(world: World, namespace: string, { ipBlock, podSelector, namespaceSelector }: NetworkPolicyPeer, ip: string): boolean {
  if (ipBlock !== undefined) return within(ipBlock.cidr, ip) && !(ipBlock.except ?? []).some((cidr) => within(cidr, ip));
  return [...world.pods].some(([key, { metadata, status }]) => {
    const place = key.split('/')[0] ?? '';
    const inside = namespaceSelector === undefined ? place === namespace : labelMatcher(namespaceSelector)(world.namespaces.get(place));
    return inside && labelMatcher(podSelector ?? {})(metadata.labels) && status?.podIPs?.some((one) => one.ip === ip) === true;
  });
}

function isPort(world: World, { protocol = 'TCP', port, endPort }: NetworkPolicyPort, packet: Packet): boolean {
  if (protocol.toLowerCase() !== packet.protocol) return false;
  if (typeof port === 'string')
    return [...world.pods.values()].some(
      ({ spec, status }) =>
        status?.podIPs?.some(({ ip }) => ip === packet.to) === true &&
        spec.containers[0]?.ports?.some((own) => own.name === port && own.containerPort === packet.port) === true,
    );
  return port === undefined || (port <= packet.port && packet.port <= (endPort ?? port));
}

const packets = ips
  .concat('8.8.8.8', 'fd99::1')
  .flatMap((from) =>
    ips
      .filter((to) => to.includes(':') === from.includes(':'))
      .flatMap((to) => [80, 81].flatMap((port) => (['tcp', 'udp'] as const).map((protocol): Packet => ({ from, to, port, protocol })))),
  );

describe('any sequence of changes', () => {
  test('is accepted by nft, ends in the table that a start would make, and lets through what the documentation says', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const world = emptyWorld();
        const bench = new Bench();
        for (const one of steps) {
          if (one.kind === 'pod') {
            // One address, one pod: what happens while two have it for a moment is tested above.
            const taken = [...world.pods].some(
              ([key, other]) => key !== one.key && other.status?.podIPs?.some(({ ip }) => one.parts?.ips.includes(ip ?? '')) === true,
            );
            if (taken) continue;
            bench.pod(one.key, one.parts);
            if (one.parts === undefined) world.pods.delete(one.key);
            else world.pods.set(one.key, pod(one.key, one.parts));
          } else if (one.kind === 'policy') {
            bench.policy(one.key, one.spec);
            if (one.spec === undefined) world.policies.delete(one.key);
            else world.policies.set(one.key, networkPolicy(one.key, one.spec));
          } else {
            bench.namespace(one.key, one.labels);
            if (one.labels === undefined) world.namespaces.delete(one.key);
            else world.namespaces.set(one.key, one.labels);
          }
        }
        const afresh = new NftSimulator();
        const model = new PolicyModel('aaaa03');
        for (const [key, policy] of world.policies) model.setPolicy(key, policy);
        for (const [key, one] of world.pods) model.setPod(key, podFacts(one, here));
        for (const [name, own] of world.namespaces) model.setNamespace(name, own);
        afresh.run(model.table.fullText());
        expect(bench.nft.dump()).toEqual(afresh.dump());
        for (const packet of packets) if (bench.nft.forwards(packet) !== allowed(world, packet)) throw new Error(JSON.stringify(packet));
      }),
      { numRuns: 150 },
    );
  });
});
