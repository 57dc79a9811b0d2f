import { describe, expect, test } from '@jest/globals';
import { hostName, oldestFirst, RouteTable } from './routes.ts';
import type { IngressForm, RuleForm } from './testing/objects.ts';
import { ingress } from './testing/objects.ts';

function find(form: IngressForm, host: string, path: string): string | undefined {
  return new RouteTable([ingress('a/one', form)]).find(host, path)?.service;
}

describe('paths, as the documentation lists them', () => {
  test.each<[string, string, string, boolean]>([
    ['Prefix', '/', '/any/path', true],
    ['Exact', '/foo', '/foo', true],
    ['Exact', '/foo', '/bar', false],
    ['Exact', '/foo', '/foo/', false],
    ['Exact', '/foo/', '/foo', false],
    ['Exact', '/foo', '/FOO', false],
    ['Prefix', '/foo', '/foo', true],
    ['Prefix', '/foo', '/foo/', true],
    ['Prefix', '/foo/', '/foo', true],
    ['Prefix', '/foo/', '/foo/', true],
    ['Prefix', '/aaa/bb', '/aaa/bbb', false],
    ['Prefix', '/aaa/bbb', '/aaa/bbb', true],
    ['Prefix', '/aaa/bbb/', '/aaa/bbb', true],
    ['Prefix', '/aaa/bbb', '/aaa/bbb/ccc', true],
    ['Prefix', '/aaa/bbb', '/aaa/bbbxyz', false],
    ['Prefix', '/aaa', '/aaa/ccc?x=/aaa/bbb', true],
    ['Prefix', '/aaa/bbb', '/aaa?x=/bbb', false],
    ['ImplementationSpecific', '/aaa', '/aaa/b', true],
    ['Exact', '/foo', '/foo?a=b', true],
    ['Prefix', '/', '/', true],
  ])('%s %s and %s: %s', (type, path, target, expected) => {
    expect(find({ rules: [['h', path, 's:80', type]] }, 'h', target)).toBe(expected ? 's' : undefined);
  });

  test('the longest prefix wins, an exact path before all', () => {
    const rules: RuleForm[] = [
      ['h', '/', 'root:80'],
      ['h', '/aaa', 'a:80'],
      ['h', '/aaa/bbb', 'b:80'],
      ['h', '/aaa/bbb', 'exact:80', 'Exact'],
    ];
    expect(['/x', '/aaa/x', '/aaa/bbb', '/aaa/bbb/', '/aaa/bbb/c'].map((path) => find({ rules }, 'h', path))).toEqual([
      'root',
      'a',
      'exact',
      'b',
      'b',
    ]);
  });

  test('dot segments lead where the backend would go, in any writing', () => {
    const rules: RuleForm[] = [
      ['h', '/', 'root:80'],
      ['h', '/admin', 'admin:80'],
    ];
    for (const path of ['/x/../admin', '/x/%2e%2E/admin', '/./admin', '/admin/./x']) expect(find({ rules }, 'h', path)).toBe('admin');
    for (const path of ['/admin/../x', '/admin/..', '//admin']) expect(find({ rules }, 'h', path)).toBe('root');
  });
});

describe('hosts', () => {
  test.each<[string, string, boolean]>([
    ['*.foo.com', 'bar.foo.com', true],
    ['*.foo.com', 'baz.bar.foo.com', false],
    ['*.foo.com', 'foo.com', false],
    ['foo.com', 'FOO.com:8080', true],
    ['foo.com', 'foo.com.', false],
    ['', 'anything', true],
    ['', '[::1]:80', true],
  ])('%s and %s: %s', (host, given, expected) => {
    expect(find({ rules: [[host, '/', 's:80']] }, given, '/')).toBe(expected ? 's' : undefined);
  });

  test('precise before wildcard before none; a rule whose path does not match lets the next one answer', () => {
    const rules: RuleForm[] = [
      ['a.foo.com', '/p', 'precise:80'],
      ['*.foo.com', '/', 'wild:80'],
      ['', '/', 'any:80'],
    ];
    expect([
      find({ rules }, 'a.foo.com', '/p'),
      find({ rules }, 'a.foo.com', '/'),
      find({ rules }, 'b.foo.com', '/p'),
      find({ rules }, 'x', '/'),
    ]).toEqual(['precise', 'wild', 'wild', 'any']);
  });

  test('names lose their port', () => {
    expect(['A.b', 'a.b:1', '[::1]:80', '[::1]', ''].map(hostName)).toEqual(['a.b', 'a.b', '[::1]', '[::1]', '']);
  });
});

describe('backends', () => {
  test('the default one answers what no rule matches, an Ingress own one at its hosts', () => {
    const table = new RouteTable([
      ingress('a/all', { defaultBackend: 'all:80' }),
      ingress('b/own', { defaultBackend: 'own:80', rules: [['h', '/p', 'p:80']] }),
    ]);
    expect(
      [table.find('h', '/p'), table.find('h', '/q'), table.find('i', '/p')].map((found) => `${found?.namespace} ${found?.service}`),
    ).toEqual(['b p', 'b own', 'a all']);
  });

  test('of two Ingresses that want the same the older has it', () => {
    const late = ingress('a/a', { created: '2026-02-01T00:00:00Z', rules: [['h', '/', 'late:80']] });
    const early = ingress('b/b', { created: '2026-01-01T00:00:00Z', rules: [['h', '/', 'early:80']] });
    expect(new RouteTable(oldestFirst([late, early])).find('h', '/')?.service).toBe('early');
  });

  test('ports go by name or number; resources are taken and served by nobody', () => {
    expect(new RouteTable([ingress('a/i', { rules: [['h', '/', 's:web']] })]).find('h', '/')).toMatchObject({
      namespace: 'a',
      service: 's',
      port: 'web',
    });
    const resource = {
      ...ingress('a/i', {}),
      spec: { ingressClassName: 'coracle', defaultBackend: { resource: { kind: 'Bucket', name: 'b' } } },
    };
    expect(new RouteTable([resource]).find('h', '/')).toMatchObject({ service: '' });
  });
});
