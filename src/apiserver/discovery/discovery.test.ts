import { afterEach, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { factDefinitions, factsRegistry } from '../openapi/testing/facts-registry.ts';
import { compareVersions, discoveryOf, type Discovery, type DiscoveryFormat } from './discovery.ts';

// Hashes over the recorded discovery documents of Kubernetes 1.36.3, beta and alpha versions left out, as JSON with sorted keys.
const upstream = JSON.parse(readFileSync(new URL('../openapi/testing/upstream.json', import.meta.url), 'utf8')) as {
  discovery: Record<string, string>;
};
const aggregated: DiscoveryFormat = { aggregated: true, version: 'v2' };

let discovery: Discovery | undefined;
afterEach(() => discovery?.stop());

function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sortedKeys(item)]),
  );
}
const hash = (value: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(sortedKeys(value)))
    .digest('hex')
    .slice(0, 16);

function read(path: string, format?: DiscoveryFormat): unknown {
  discovery = discoveryOf(factsRegistry(), { serverAddress: () => '10.0.0.1:6443' });
  return discovery.document(path, format)?.value;
}

describe('legacy documents', () => {
  test.each(Object.keys(upstream.discovery).filter((path) => path.startsWith('/')))('%s is upstream’s', (path) => {
    expect(hash(read(path))).toBe(upstream.discovery[path]);
  });

  test('/api names the server, /apis the groups with their preferred versions', () => {
    expect(read('/api')).toEqual({
      kind: 'APIVersions',
      versions: ['v1'],
      serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: '10.0.0.1:6443' }],
    });
    expect(read('/apis')).toMatchObject({
      kind: 'APIGroupList',
      groups: expect.arrayContaining([
        {
          name: 'autoscaling',
          versions: [
            { groupVersion: 'autoscaling/v2', version: 'v2' },
            { groupVersion: 'autoscaling/v1', version: 'v1' },
          ],
          preferredVersion: { groupVersion: 'autoscaling/v2', version: 'v2' },
        },
      ]),
    });
    expect(read('/apis/apps')).toMatchObject({ kind: 'APIGroup', apiVersion: 'v1', name: 'apps' });
  });

  test.each(['/apis/apps/v2', '/apis/nope', '/apis/apps/v1/deployments', '/api/v2', '/apis/'])('nothing at %s', (path) => {
    expect(read(path)).toBeUndefined();
  });
});

describe('aggregated documents', () => {
  test('/apis is upstream’s', () => {
    const list = read('/apis', aggregated) as { items: unknown[] };
    expect(hash(list.items)).toBe(upstream.discovery['aggregated /apis']);
  });

  test('carry an ETag and their form as content type', () => {
    discovery = discoveryOf(factsRegistry());
    const document = discovery.document('/api', aggregated);
    const parameters = ';g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    expect(document).toMatchObject({ parameters, etag: expect.stringMatching(/^"[0-9A-F]{128}"$/) });
    expect(discovery.document('/api', aggregated)).toBe(document);
    expect(discovery.document('/api', { aggregated: true, version: 'v2beta1' })?.value).toMatchObject({
      apiVersion: 'apidiscovery.k8s.io/v2beta1',
    });
    expect(discovery.document('/api')).toMatchObject({ parameters: '', etag: undefined });
    expect(discovery.document('/api/v1', aggregated)?.value).toMatchObject({ kind: 'APIResourceList' });
  });

  test('know what comes and goes', () => {
    const definitions = factDefinitions().filter(({ group }) => group === 'apps');
    const registry = factsRegistry(definitions);
    discovery = discoveryOf(registry);
    const before = discovery.document('/apis', aggregated);
    definitions.pop();
    registry.changed();
    expect(discovery.document('/apis', aggregated)?.etag).not.toBe(before?.etag);
  });
});

test('versions: GA before beta before alpha, then higher numbers', () => {
  const versions = ['v1alpha1', 'v1', 'foo', 'v2', 'v1beta2', 'v10', 'v1beta1', 'v11alpha2'];
  expect(versions.sort(compareVersions)).toEqual(['v10', 'v2', 'v1', 'v1beta2', 'v1beta1', 'v11alpha2', 'v1alpha1', 'foo']);
});
