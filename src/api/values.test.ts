import { describe, expect, test } from '@jest/globals';
import { path } from './field-errors.ts';
import {
  addressFaults,
  cidrContains,
  cidrFaults,
  formatAddress,
  formatCidr,
  legacyAddressFaults,
  legacyCidrFaults,
  parseAddress,
  parseCidr,
} from './ip.ts';
import { cloneJson, isJsonObject, jsonEqual, semanticEqual } from './json.ts';
import { podLimits, podRequests } from './pod-resources.ts';
import { labelSelectorFaults, metadataFaults, metadataUpdateFaults } from './validate-metadata.ts';
import { subdomainName } from './names.ts';

const shown = (faults: readonly { field: string; body: string }[]): string[] => faults.map(({ field, body }) => `${field}: ${body}`);

describe('JSON values', () => {
  test('a copy shares nothing and drops what is undefined', () => {
    const value = Object.freeze({ a: [1, { b: null }], c: undefined });
    const copy = cloneJson(value);
    expect(copy).toEqual({ a: [1, { b: null }] });
    expect(Object.keys(copy)).toEqual(['a']);
    expect(copy.a).not.toBe(value.a);
  });

  test.each<[unknown, unknown, boolean, boolean]>([
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, true, true],
    [{ a: 1 }, { a: 1, b: undefined }, true, true],
    [{ a: 1 }, { a: 1, b: {} }, false, false],
    [{ a: [] }, {}, false, true],
    [{ a: '' }, {}, false, false],
    [{ a: 0 }, {}, false, false],
    [[1, 2], [2, 1], false, false],
    [[], {}, false, false],
    [{ a: { b: 1 } }, { a: { b: 2 } }, false, false],
    [null, undefined, false, true],
  ])('%j and %j', (a, b, equal, same) => {
    expect([jsonEqual(a, b), jsonEqual(b, a)]).toEqual([equal, equal]);
    expect([semanticEqual(a, b), semanticEqual(b, a)]).toEqual([same, same]);
  });

  test('objects', () => expect([{}, [], null, 'x'].map(isJsonObject)).toEqual([true, false, false, false]));
});

describe('addresses', () => {
  test.each([
    ['10.0.0.1', '10.0.0.1'],
    ['010.000.000.001', '10.0.0.1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['::', '::'],
    ['1::', '1::'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
  ])('%s is %s', (text, canonical) => {
    const address = parseAddress(text);
    expect(address === undefined ? undefined : formatAddress(address)).toBe(canonical);
  });

  test.each([
    '',
    '1.2.3',
    '1.2.3.256',
    '1.2.3.4.5',
    'a.b.c.d',
    ':::',
    '1:2',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    'fe80::1%eth0',
    '12345::',
    '::1.2.3',
  ])('%j is none', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  const at = path('spec', 'ip');
  test('faults', () => {
    expect(shown(legacyAddressFaults(at, 'x'))).toEqual([
      'spec.ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ]);
    expect(shown(legacyAddressFaults(at, '010.0.0.1'))).toEqual(['spec.ip: Invalid value: "010.0.0.1": must not have leading 0s']);
    expect(legacyAddressFaults(at, '010.0.0.1', ['010.0.0.1'])).toEqual([]);
    expect(shown(legacyAddressFaults(at, '::ffff:1.2.3.4'))).toEqual([
      'spec.ip: Invalid value: "::ffff:1.2.3.4": must not be an IPv4-mapped IPv6 address',
    ]);
    expect(legacyAddressFaults(at, 'FE80::1')).toEqual([]);
    expect(shown(addressFaults(at, 'FE80::1'))).toEqual(['spec.ip: Invalid value: "FE80::1": must be in canonical form ("fe80::1")']);
  });

  test('networks', () => {
    const cidr = parseCidr('10.42.7.9/16');
    expect(cidr === undefined ? '' : formatCidr(cidr)).toBe('10.42.0.0/16');
    expect(
      ['10.42.255.1', '10.43.0.1', '::1'].map((text) => cidr !== undefined && cidrContains(cidr, parseAddress(text) as never)),
    ).toEqual([true, false, false]);
    expect(shown(legacyCidrFaults(at, '10.42.7.9/16'))).toEqual([
      'spec.ip: Invalid value: "10.42.7.9/16": must not have bits set beyond the prefix length',
    ]);
    expect(shown(legacyCidrFaults(at, '10.0.0.0/33'))).toEqual([
      'spec.ip: Invalid value: "10.0.0.0/33": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
    ]);
    expect(shown(cidrFaults(at, 'FD00::/8'))).toEqual(['spec.ip: Invalid value: "FD00::/8": must be in canonical form ("fd00::/8")']);
    expect(cidrFaults(at, 'fd00::/8')).toEqual([]);
    expect(shown(legacyCidrFaults(at, '10.0.0.0/08'))).toEqual([
      'spec.ip: Invalid value: "10.0.0.0/08": must not have leading 0s in IP or prefix length',
    ]);
  });
});

describe('metadata', () => {
  const rules = { namespaced: true, name: subdomainName };
  const good = { name: 'a', namespace: 'default' };

  test.each<[string, object, string[]]>([
    ['fine', { ...good, labels: { 'a/b': 'c' }, annotations: { 'A.B/c': 'anything at all' }, finalizers: ['a/b'] }, []],
    ['namespace', { name: 'a' }, ['metadata.namespace: Required value']],
    ['generation', { ...good, generation: -1 }, ['metadata.generation: Invalid value: -1: must be greater than or equal to 0']],
    [
      'finalizers',
      { ...good, finalizers: ['orphan', 'foregroundDeletion'] },
      ['metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set'],
    ],
    [
      'annotations',
      { ...good, annotations: { a: 'x'.repeat(262_144) } },
      ['metadata.annotations: Too long: may not be more than 262144 bytes'],
    ],
    [
      'owners',
      { ...good, ownerReferences: [{ apiVersion: '', kind: '', name: '', uid: '' }] },
      [
        'metadata.ownerReferences.apiVersion: Invalid value: "": version must not be empty',
        'metadata.ownerReferences.kind: Invalid value: "": must not be empty',
        'metadata.ownerReferences.name: Invalid value: "": must not be empty',
        'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
      ],
    ],
  ])('%s', (_, meta, expected) => {
    expect(shown(metadataFaults(meta, rules))).toEqual(expected);
  });

  test('cluster-scoped objects have no namespace', () => {
    expect(shown(metadataFaults(good, { ...rules, namespaced: false }))).toEqual([
      'metadata.namespace: Forbidden: not allowed on this type',
    ]);
  });

  test('one controller', () => {
    const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u', controller: true };
    const faults = metadataFaults({ ...good, ownerReferences: [owner, { ...owner, name: 'q' }] }, rules);
    expect(shown(faults)[0]).toContain(
      'Only one reference can have Controller set to true. Found "true" in references for Pod/p and Pod/q',
    );
  });

  test('updates', () => {
    const old = { ...good, uid: 'u', generation: 2 };
    expect(shown(metadataUpdateFaults({ ...good, uid: 'v', generation: 1 }, old))).toEqual([
      'metadata.resourceVersion: Invalid value: "": must be specified for an update',
      'metadata.generation: Invalid value: 1: must not be decremented',
      'metadata.uid: Invalid value: "v": field is immutable',
    ]);
  });

  test('selectors', () => {
    const selector = {
      matchLabels: { '-': 'x' },
      matchExpressions: [
        { key: 'a', operator: 'In' },
        { key: 'b', operator: 'Exists', values: ['x'] },
        { key: 'c', operator: 'Near' },
      ],
    };
    expect(labelSelectorFaults(selector, path('spec', 'selector')).map(({ field }) => field)).toEqual([
      'spec.selector.matchLabels',
      'spec.selector.matchExpressions[0].values',
      'spec.selector.matchExpressions[1].values',
      'spec.selector.matchExpressions[2].operator',
    ]);
    expect(labelSelectorFaults(undefined, path('x'))).toEqual([]);
  });
});

describe('field paths', () => {
  test('read as upstream writes them', () => {
    expect(path('spec').child('containers').index(0).child('', 'env').key('A').text).toBe('spec.containers[0].env[A]');
    expect([path().text, path().child('a').text, path('', 'a', 'b').text]).toEqual(['', 'a', 'a.b']);
  });
});

describe('resources of a pod', () => {
  const container = (name: string, cpu: string, more: object = {}): never =>
    ({ name, resources: { requests: { cpu }, limits: { cpu } }, ...more }) as never;

  test('are those of its containers, or of its greatest init container', () => {
    const spec = {
      containers: [container('a', '1'), container('b', '500m')],
      initContainers: [container('i', '2'), container('j', '100m')],
    };
    expect(podRequests(spec).get('cpu')?.toString()).toBe('2');
  });

  test('sidecars go on while the others run', () => {
    const spec = {
      containers: [container('a', '1')],
      initContainers: [container('s', '1', { restartPolicy: 'Always' }), container('i', '500m')],
    };
    expect(podLimits(spec).get('cpu')?.toString()).toBe('2');
  });

  test('what is said for the pod as a whole counts', () => {
    const spec = { containers: [container('a', '1')], resources: { requests: { cpu: '3', 'example.com/x': '1' } } };
    expect([...podRequests(spec)].map(([name, quantity]) => [name, quantity.toString()])).toEqual([['cpu', '3']]);
  });
});
