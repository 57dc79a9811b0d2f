/**
 * Discovery documents as pure values of what the registry serves. Entry point: `discoveryOf(registry, { serverAddress }).document(path, accept)`.
 * Shapes and order: apiserver pkg/endpoints/discovery of Kubernetes 1.36.
 */
import { createHash } from 'node:crypto';
import { groupFacts, resourceFacts, type SubresourceFacts } from '../../api/schema/resources.ts';
import { running, type Running } from '../../base/lifecycle.ts';
import type { ResourceDefinition } from '../../registry/definition.ts';
import type { Registry } from '../../registry/store.ts';

export interface DiscoveryDocument {
  readonly value: object;
  /** What the media type of an aggregated document says besides its encoding; else ''. */
  readonly parameters: string;
  /** Quoted; for If-None-Match on aggregated documents, whatever their encoding. undefined: the legacy documents carry none. */
  readonly etag: string | undefined;
}

export interface DiscoveryFormat {
  readonly aggregated: boolean;
  /** Of an aggregated document: v2 or v2beta1. */
  readonly version: string;
}

export interface Discovery extends Running {
  /**
   * The document at /api, /apis, /api/v1, /apis/GROUP or /apis/GROUP/VERSION (no trailing slash); aggregated, if the format says so, only at
   * the first two. undefined: no such group or version, answer 404.
   */
  document(path: string, format?: DiscoveryFormat): DiscoveryDocument | undefined;
}

export interface DiscoveryOptions {
  /** HOST:PORT that /api names to clients; asked when the document is made. Default ''. */
  readonly serverAddress?: () => string;
}

type Form = 'v2' | 'v2beta1';
const legacy: DiscoveryFormat = { aggregated: false, version: 'v1' };

type Version = readonly [version: string, resources: readonly ResourceDefinition[]];
type Group = readonly [group: string, versions: readonly Version[]];

/** GA before beta before alpha, higher numbers first (apimachinery pkg/version/helpers.go). */
export function compareVersions(a: string, b: string): number {
  const rank = (text: string): readonly number[] => {
    const [, major, stage, minor] = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(text) ?? [];
    if (major === undefined) return [-1, 0, 0];
    return [stage === undefined ? 2 : stage === 'beta' ? 1 : 0, Number(major), Number(minor ?? 0)];
  };
  const [left, right] = [rank(a), rank(b)];
  for (const [at, value] of left.entries()) {
    const difference = (right[at] ?? 0) - value;
    if (difference !== 0) return difference;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Groups in the order of the facts, unknown ones (custom resources) after them by name; the core group first. */
function grouped(definitions: readonly ResourceDefinition[]): Group[] {
  const order = new Map(groupFacts().map(({ group }, at) => [group, at]));
  const place = (group: string): number => order.get(group) ?? order.size;
  return [...Map.groupBy(definitions, ({ group }) => group)]
    .sort(([a], [b]) => place(a) - place(b) || (a < b ? -1 : 1))
    .map(([group, own]): Group => {
      const versions = [...Map.groupBy(own, ({ version }) => version)].sort(([a], [b]) => compareVersions(a, b));
      return [
        group,
        versions.map(([version, resources]): Version => [version, resources.toSorted((a, b) => (a.resource < b.resource ? -1 : 1))]),
      ];
    });
}

const sorted = (verbs: readonly string[]): string[] => [...verbs].sort();

/** Of built-in resources what the facts say, of others what the definition offers. */
function subresourcesOf(definition: ResourceDefinition): readonly SubresourceFacts[] {
  const facts = resourceFacts(definition.group, definition.version, definition.resource);
  if (facts !== undefined) return facts.subresources ?? [];
  const verbs = ['get', 'patch', 'update'];
  return [
    ...(definition.scale === undefined ? [] : [{ name: 'scale', verbs, kind: 'Scale', group: 'autoscaling', version: 'v1' }]),
    ...(definition.status ? [{ name: 'status', verbs, kind: definition.kind }] : []),
    ...(definition.subresources ?? []).map((sub) => ({
      name: sub.name,
      verbs: sub.create === undefined ? verbs : ['create'],
      ...(sub.kind ?? { kind: definition.kind }),
    })),
  ].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The start of a SHA-256 over group/version/kind, as upstream tells clients when the stored form changes. */
function storageVersionHash({ group, version, kind }: ResourceDefinition): string {
  return createHash('sha256').update(`${group}/${version}/${kind}`).digest().subarray(0, 8).toString('base64');
}

function legacyResource(definition: ResourceDefinition): object[] {
  const facts = resourceFacts(definition.group, definition.version, definition.resource);
  const hash = facts === undefined ? storageVersionHash(definition) : facts.storageVersionHash;
  return [
    {
      name: definition.resource,
      singularName: definition.singular,
      namespaced: definition.namespaced,
      kind: definition.kind,
      verbs: sorted(definition.verbs),
      ...(definition.shortNames.length === 0 ? {} : { shortNames: definition.shortNames }),
      ...(definition.categories.length === 0 ? {} : { categories: definition.categories }),
      ...(hash === undefined ? {} : { storageVersionHash: hash }),
    },
    ...subresourcesOf(definition).map((sub) => ({
      name: `${definition.resource}/${sub.name}`,
      singularName: '',
      namespaced: definition.namespaced,
      ...(sub.group === undefined || sub.group === '' ? {} : { group: sub.group }),
      ...(sub.version === undefined ? {} : { version: sub.version }),
      kind: sub.kind,
      verbs: sorted(sub.verbs),
    })),
  ];
}

function aggregatedResource(definition: ResourceDefinition): object {
  const { group, version } = definition;
  // Built-in kinds of the resource's own group and version come with both left empty, as the real server answers.
  const own = resourceFacts(group, version, definition.resource) === undefined ? { group, version } : { group: '', version: '' };
  const subresources = subresourcesOf(definition).map((sub) => ({
    subresource: sub.name,
    responseKind: { group: sub.version === undefined ? own.group : (sub.group ?? ''), version: sub.version ?? own.version, kind: sub.kind },
    verbs: sorted(sub.verbs),
  }));
  return {
    resource: definition.resource,
    responseKind: { ...own, kind: definition.kind },
    scope: definition.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: definition.singular,
    verbs: sorted(definition.verbs),
    ...(definition.shortNames.length === 0 ? {} : { shortNames: definition.shortNames }),
    ...(definition.categories.length === 0 ? {} : { categories: definition.categories }),
    ...(subresources.length === 0 ? {} : { subresources }),
  };
}

/** APIGroupDiscoveryList of the core group (/api) or of all others (/apis). */
export function aggregatedDocument(definitions: readonly ResourceDefinition[], core: boolean, version: Form = 'v2'): object {
  const groups = grouped(definitions).filter(([group]) => (group === '') === core);
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map(([group, versions]) => ({
      metadata: group === '' ? {} : { name: group },
      versions: versions.map(([name, resources]) => ({
        version: name,
        resources: resources.map((resource) => aggregatedResource(resource)),
        freshness: 'Current',
      })),
    })),
  };
}

function groupOf([group, versions]: Group): { name: string; versions: object[]; preferredVersion: object | undefined } {
  const shown = versions.map(([version]) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions: shown, preferredVersion: shown[0] };
}

/** The unaggregated document at a path; undefined when nothing is served there. */
export function legacyDocument(definitions: readonly ResourceDefinition[], path: string, serverAddress = ''): object | undefined {
  const groups = grouped(definitions);
  if (path === '/api')
    return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }] };
  if (path === '/apis') return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.filter(([group]) => group !== '').map(groupOf) };
  const [, root, ...rest] = path.split('/');
  const [name = '', version, more] = root === 'api' ? ['', ...rest] : rest;
  const group = groups.find(([group]) => group === name);
  if (group === undefined || more !== undefined || (root === 'apis' && name === '')) return undefined;
  if (version === undefined) return { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(group) };
  const resources = group[1].find(([own]) => own === version)?.[1];
  if (resources === undefined) return undefined;
  const groupVersion = name === '' ? version : `${name}/${version}`;
  // Upstream leaves apiVersion out of the core group's list.
  return {
    kind: 'APIResourceList',
    ...(name === '' ? {} : { apiVersion: 'v1' }),
    groupVersion,
    resources: resources.flatMap(legacyResource),
  };
}

function described(value: object, form: Form | undefined): DiscoveryDocument {
  if (form === undefined) return { value, parameters: '', etag: undefined };
  const etag = `"${createHash('sha512').update(JSON.stringify(value)).digest('hex').toUpperCase()}"`;
  return { value, parameters: `;g=apidiscovery.k8s.io;v=${form};as=APIGroupDiscoveryList`, etag };
}

/** Documents made on first use and kept until the registry changes. Stop it to let go of the registry. */
export function discoveryOf(registry: Pick<Registry, 'all' | 'onChange'>, options: DiscoveryOptions = {}): Discovery {
  const cache = new Map<string, DiscoveryDocument>();
  const listening = registry.onChange(() => cache.clear());
  return {
    document(path, { aggregated, version } = legacy) {
      const form = aggregated && (path === '/api' || path === '/apis') ? (version as Form) : undefined;
      const key = `${form ?? ''} ${path}`;
      const known = cache.get(key);
      if (known !== undefined) return known;
      const definitions = registry.all().map((store) => store.definition);
      const value =
        form === undefined
          ? legacyDocument(definitions, path, options.serverAddress?.())
          : aggregatedDocument(definitions, path === '/api', form);
      if (value === undefined) return undefined;
      const document = described(value, form);
      cache.set(key, document);
      return document;
    },
    ...running(() => listening.stop()),
  };
}
