import { describe, expect, test } from '@jest/globals';
import type * as t from '../../api/generated/types.ts';
import { containerOf, kubeletOf, logPath, nodeNameOf, podLocation, serviceLocation, splitSchemeNamePort, streamPath } from './locations.ts';

const pod = (names: readonly string[], more: object = {}): t.Pod =>
  ({
    metadata: { name: 'p', namespace: 'ns' },
    spec: { containers: names.map((name) => ({ name })) },
    status: {},
    ...more,
  }) as unknown as t.Pod;
const query = (text: string): URLSearchParams => new URLSearchParams(text);

describe('containers', () => {
  test('the only one, or the named one', () => {
    expect(containerOf(pod(['a']), '')).toBe('a');
    expect(containerOf(pod(['a', 'b']), 'b')).toBe('b');
    expect(() => containerOf(pod(['a', 'b']), '')).toThrow('a container name must be specified for pod p, choose one of: [a b]');
    expect(() => containerOf(pod(['a']), 'c')).toThrow('container c is not valid for pod p');
    expect(() => nodeNameOf(pod(['a']))).toThrow('pod p does not have a host assigned');
  });
});

describe('paths of the kubelet', () => {
  test('logs', () => {
    expect(logPath(pod(['a']), query('follow=true&tailLines=5&timestamps=false'))).toBe(
      '/containerLogs/ns/p/a?follow=true&stream=All&tailLines=5',
    );
    expect(() => logPath(pod(['a']), query('tailLines=-1'))).toThrow('tailLines: Invalid value: -1: must be greater than or equal to 0');
  });
  test('streams', () => {
    expect(streamPath(pod(['a']), 'exec', query('stdin=true&stdout=1&tty=false&command=ls&command=-l'))).toBe(
      '/exec/ns/p/a?input=1&output=1&command=ls&command=-l',
    );
    expect(streamPath(pod(['a']), 'portforward', query('ports=80'))).toBe('/portForward/ns/p?port=80');
    expect(streamPath(pod(['a']), 'portforward', query(''))).toBe('/portForward/ns/p');
  });
  test('nodes', () => {
    const node = {
      metadata: { name: 'n' },
      status: {
        addresses: [
          { type: 'Hostname', address: 'h' },
          { type: 'InternalIP', address: '10.0.0.1' },
        ],
        daemonEndpoints: { kubeletEndpoint: { Port: 9 } },
      },
    } as unknown as t.Node;
    expect(kubeletOf(node, '/x')).toEqual({ scheme: 'https', host: '10.0.0.1', port: 9, path: '/x', node: 'n' });
  });

  test('a node that says no address that is wanted is an error without a reason', () => {
    const of = (addresses: object[]) => () => kubeletOf({ metadata: { name: 'n' }, status: { addresses } } as unknown as t.Node, '/');
    expect(of([])).toThrow(expect.objectContaining({ reason: 'Unknown', message: 'no preferred addresses found; known addresses: []' }));
    expect(of([{ type: 'InternalDNS', address: 'n.local' }])).toThrow('known addresses: [{InternalDNS n.local}]');
  });
});

describe('proxies', () => {
  test.each([
    ['a', { scheme: '', name: 'a', port: '' }],
    ['a:80', { scheme: '', name: 'a', port: '80' }],
    ['https:a:web', { scheme: 'https', name: 'a', port: 'web' }],
    ['https:a:', { scheme: 'https', name: 'a', port: '' }],
    ['x:a:1', undefined],
    ['', undefined],
  ])('%s', (id, expected) => {
    expect(splitSchemeNamePort(id)).toEqual(expected);
  });

  test('pods', () => {
    const running = pod(['a'], {
      status: { podIPs: [{ ip: '10.42.0.5' }] },
      spec: { containers: [{ name: 'a', ports: [{ containerPort: 8080 }] }] },
    });
    expect(podLocation(running, { scheme: '', name: 'p', port: '' }, '/')).toMatchObject({ scheme: 'http', host: '10.42.0.5', port: 8080 });
    const local = pod(['a'], { status: { podIP: '127.0.0.1' } });
    expect(() => podLocation(local, { scheme: '', name: 'p', port: '1' }, '/')).toThrow('address not allowed');
  });

  test('services', () => {
    const endpoints = {
      subsets: [{ addresses: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }], ports: [{ name: 'web', port: 8080 }] }],
    } as unknown as t.Endpoints;
    const service = { spec: { ports: [{ name: 'web', port: 80 }] } } as unknown as t.Service;
    const at = { pathAndQuery: '/', random: 0.6 };
    expect(serviceLocation({ service: undefined, endpoints }, { scheme: '', name: 's', port: 'web' }, at)).toMatchObject({
      host: '10.0.0.2',
      port: 8080,
    });
    expect(serviceLocation({ service, endpoints }, { scheme: 'https', name: 's', port: '80' }, at)).toMatchObject({
      scheme: 'https',
      port: 8080,
    });
    expect(() => serviceLocation({ service, endpoints }, { scheme: '', name: 's', port: '81' }, at)).toThrow(
      'no service port 81 found for service "s"',
    );
    expect(() => serviceLocation({ service, endpoints }, { scheme: '', name: 's', port: '' }, at)).toThrow(
      'no endpoints available for service "s"',
    );
  });
});
