import { describe, expect, test } from '@jest/globals';
import { readDnsConfig, rewritten } from './corefile.ts';

describe('the ConfigMap coredns-custom', () => {
  test('server blocks, overrides and what means nothing here', () => {
    const { zones, problems } = readDnsConfig({
      'example.server': `# the office
        example.org:53 lan.example.org {
          errors
          cache 10
          forward . 10.0.0.1 10.0.0.2:5353 { # with a comment
            policy sequential
          }
        }`,
      'hosts.override': `hosts {
          192.168.0.7 nas.home NAS
          fd00::7 nas.home
          ttl 60
          fallthrough
        }
        rewrite name exact old.example.org web.default.svc.cluster.local
        rewrite stop name suffix .corp. .default.svc.cluster.local.`,
      Corefile: '.:53 { ignored }',
    });
    expect(problems).toEqual([]);
    expect(
      zones.map(({ zone, upstreams, cacheSeconds }) => [zone, upstreams.map(({ host, port }) => `${host}:${String(port)}`), cacheSeconds]),
    ).toEqual([
      ['example.org', ['10.0.0.1:53', '10.0.0.2:5353'], 10],
      ['lan.example.org', ['10.0.0.1:53', '10.0.0.2:5353'], 10],
      ['', [], undefined],
    ]);
    const override = zones[2];
    expect(Object.fromEntries(override?.hosts ?? [])).toEqual({ 'nas.home': ['192.168.0.7', 'fd00::7'], nas: ['192.168.0.7'] });
    expect([override?.hostsTTL, override?.fallthrough]).toEqual([60, true]);
    expect(override?.rewrites).toEqual([
      { kind: 'exact', from: 'old.example.org', to: 'web.default.svc.cluster.local' },
      { kind: 'suffix', from: '.corp', to: '.default.svc.cluster.local' },
    ]);
  });

  test.each([
    ['a { forward . tls://9.9.9.9 }', 'is not known here'],
    ['a {\n forward . tls://9.9.9.9\n}', 'forward: tls://9.9.9.9 is not understood'],
    ['a {\n template IN A\n}', 'template is not known here'],
    ['a {\n hosts {\n nonsense name\n}\n}', 'hosts: nonsense is no address'],
    ['a {\n rewrite type ANY HINFO\n}', 'rewrite type ANY HINFO is not understood'],
    ['a {', 'a brace is not closed'],
    ['}', 'a closing brace without an opening one'],
  ])('%j is left out with a word', (text, problem) => {
    const { problems } = readDnsConfig({ 'x.server': text });
    if (text.includes('{ forward')) expect(problems).toEqual([]);
    else expect(problems.join()).toContain(problem);
  });

  test('rewrites: the first that fits', () => {
    const rewrites = [
      { kind: 'exact', from: 'a.b', to: 'c.d' },
      { kind: 'prefix', from: 'old-', to: 'new-' },
      { kind: 'suffix', from: '.b', to: '.z' },
    ] as const;
    expect(['a.b', 'old-x.b', 'q.b', 'q.c'].map((name) => rewritten(name, rewrites))).toEqual(['c.d', 'new-x.b', 'q.z', undefined]);
  });
});
