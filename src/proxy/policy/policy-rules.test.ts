import { describe, expect, test } from '@jest/globals';
import type { NetworkPolicySpec } from '../../api/generated/types.ts';
import { compilePolicy } from './policy-rules.ts';
import { ruleLines } from './policy-text.ts';
import { peerSelection } from './selection.ts';
import { networkPolicy } from './testing/objects.ts';

function lines(direction: 'ingress' | 'egress', spec: NetworkPolicySpec): string[] | undefined {
  return compilePolicy(networkPolicy('a/p', spec)).rules[direction]?.flatMap((rule) => ruleLines(direction, rule));
}

const everyPod = { podSelector: {} };

describe('directions', () => {
  test.each<[string, NetworkPolicySpec, string[]]>([
    ['none given: ingress', { podSelector: {} }, ['ingress']],
    ['none given, egress rules: both', { podSelector: {}, egress: [{}] }, ['ingress', 'egress']],
    ['egress alone', { podSelector: {}, policyTypes: ['Egress'] }, ['egress']],
    ['ingress rules of a policy for egress do not count', { podSelector: {}, policyTypes: ['Egress'], ingress: [{}] }, ['egress']],
  ])('%s', (_title, spec, expected) => {
    expect(Object.keys(compilePolicy(networkPolicy('a/p', spec)).rules)).toEqual(expected);
  });

  test('no rules let nothing through, an empty rule everything', () => {
    expect(lines('ingress', everyPod)).toEqual([]);
    expect(lines('ingress', { ...everyPod, ingress: [] })).toEqual([]);
    expect(lines('ingress', { ...everyPod, ingress: [{}] })).toEqual(['accept']);
    expect(lines('egress', { ...everyPod, policyTypes: ['Egress'], egress: [{ to: [], ports: [] }] })).toEqual(['accept']);
  });
});

describe('ports', () => {
  const ports = (...list: NonNullable<NonNullable<NetworkPolicySpec['ingress']>[0]['ports']>): string[] | undefined =>
    lines('ingress', { ...everyPod, ingress: [{ ports: list }] });

  test('TCP unless said; ranges; those that touch are one', () => {
    expect(ports({ port: 80 })).toEqual(['tcp dport 80 accept']);
    expect(ports({ port: 80 }, { port: 443 })).toEqual(['tcp dport { 80, 443 } accept']);
    expect(ports({ port: 100, endPort: 200, protocol: 'UDP' })).toEqual(['udp dport 100-200 accept']);
    expect(ports({ port: 150 }, { port: 100, endPort: 160 }, { port: 161 }, { port: 90 })).toEqual(['tcp dport { 90, 100-161 } accept']);
    expect(ports({ port: 80, endPort: 80 })).toEqual(['tcp dport 80 accept']);
  });

  test('a protocol alone means all its ports; each protocol has its line', () => {
    expect(ports({ protocol: 'SCTP' })).toEqual(['meta l4proto sctp accept']);
    expect(ports({ protocol: 'UDP', port: 5 }, { protocol: 'UDP' }, { port: 6 })).toEqual([
      'meta l4proto udp accept',
      'tcp dport 6 accept',
    ]);
  });

  test('a name is looked up at the destination', () => {
    const [four, six, ...rest] = ports({ port: 'web' }) ?? [];
    expect(rest).toEqual([]);
    expect(four).toMatch(/^ip daddr \. meta l4proto \. th dport @n[0-9a-f]{12}_4 accept$/);
    expect(six).toMatch(/^ip6 daddr \. meta l4proto \. th dport @n[0-9a-f]{12}_6 accept$/);
    expect(ports({ port: 'web', protocol: 'UDP' })?.[0]).not.toBe(four);
  });

  test('egress to port 53 means the port where the cluster answers DNS too', () => {
    const to = (port: number, endPort?: number): string[] | undefined =>
      lines('egress', {
        ...everyPod,
        policyTypes: ['Egress'],
        egress: [{ ports: [{ protocol: 'UDP', port, ...(endPort === undefined ? {} : { endPort }) }] }],
      });
    const dns = [
      'meta l4proto udp ip daddr . meta l4proto . th dport @dns4 accept',
      'meta l4proto udp ip6 daddr . meta l4proto . th dport @dns6 accept',
    ];
    expect(to(53)).toEqual(['udp dport 53 accept', ...dns]);
    expect(to(50, 60)).toEqual(['udp dport 50-60 accept', ...dns]);
    expect(to(54)).toEqual(['udp dport 54 accept']);
    expect(ports({ protocol: 'UDP', port: 53 })).toEqual(['udp dport 53 accept']);
  });
});

describe('peers', () => {
  const from = (...list: NonNullable<NonNullable<NetworkPolicySpec['ingress']>[0]['from']>): string[] | undefined =>
    lines('ingress', { ...everyPod, ingress: [{ from: list }] });

  test('blocks of either family, without their exceptions', () => {
    expect(from({ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16', '10.1.2.0/24'] } })).toEqual([
      'ip saddr 10.0.0.0/8 ip saddr != 10.1.0.0/16 ip saddr != 10.1.2.0/24 accept',
    ]);
    expect(from({ ipBlock: { cidr: 'fd00::/8' } })).toEqual(['ip6 saddr fd00::/8 accept']);
    expect(from({ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.1/32'] } })).toEqual(['meta nfproto ipv4 ip saddr != 10.0.0.1/32 accept']);
  });

  test('what is no block never reaches nft', () => {
    expect(from({ ipBlock: { cidr: '10.0.0.0/8; flush ruleset' } })).toEqual([]);
    expect(from({ ipBlock: { cidr: '10.0.0.0/8', except: ['} drop'] } })).toEqual([]);
  });

  test('selectors are sets; the egress side looks at the destination', () => {
    expect(from({ podSelector: {} })).toEqual([
      expect.stringMatching(/^ip saddr @s\w{12}_4 accept$/),
      expect.stringMatching(/^ip6 saddr @s\w{12}_6 accept$/),
    ]);
    expect(lines('egress', { ...everyPod, policyTypes: ['Egress'], egress: [{ to: [{ podSelector: {} }] }] })?.[0]).toMatch(/^ip daddr @s/);
  });

  test('equal selections share a set, different ones never', () => {
    const key = (namespace: string, peer: Parameters<typeof peerSelection>[1]): string => peerSelection(namespace, peer).key;
    const app = { matchLabels: { a: '1', b: '2' } };
    expect(key('x', { podSelector: app })).toBe(key('x', { podSelector: { matchLabels: { b: '2', a: '1' } } }));
    expect(key('x', { podSelector: app })).not.toBe(key('y', { podSelector: app }));
    expect(key('x', { namespaceSelector: {} })).toBe(key('y', { namespaceSelector: {}, podSelector: {} }));
    expect(key('x', { namespaceSelector: app })).not.toBe(key('x', { podSelector: app }));
  });
});
