import { afterEach, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openapiOf, type OpenApi, type OpenApiDocument, type OpenApiOptions } from './openapi.ts';
import { factDefinitions, factsRegistry } from './testing/facts-registry.ts';

// Hashes over the paths, operations, parameters and schemas' names of Kubernetes 1.36.3's recorded documents.
const upstream = JSON.parse(readFileSync(new URL('testing/upstream.json', import.meta.url), 'utf8')) as { paths: Record<string, string> };

let openapi: OpenApi | undefined;
const start = (options?: OpenApiOptions): OpenApi => (openapi = openapiOf(factsRegistry(), options));
afterEach(() => openapi?.stop());

function found(documents: OpenApi, path: string, query = ''): OpenApiDocument {
  const document = documents.document(path, { query: new URLSearchParams(query) });
  if (document === undefined || typeof document === 'string' || 'location' in document) throw new Error(`no document at ${path}`);
  return document;
}

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string }[];
  readonly 'x-kubernetes-action'?: string;
}
interface Document {
  readonly paths: Record<string, Record<string, Operation> & { readonly parameters?: readonly { readonly name: string }[] }>;
  readonly components: { readonly schemas: Record<string, { readonly properties: Record<string, object> }> };
  readonly definitions: Record<string, { readonly properties: Record<string, object> }>;
  readonly parameters: Record<string, object>;
}
const parsed = (document: OpenApiDocument): Document => JSON.parse(document.body.toString()) as Document;

function outline({ paths, components }: Document): string {
  const names = (parameters: readonly { readonly name: string }[] = []): string => parameters.map(({ name }) => name).join(',');
  const lines = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) =>
      'operationId' in operation
        ? `${method} ${path} ${operation.operationId} ${operation['x-kubernetes-action'] ?? ''} ${names(operation.parameters)}`
        : `${path} ${names(item.parameters)}`,
    ),
  );
  return [...lines.sort(), ...Object.keys(components.schemas).sort()].join('\n');
}

describe('OpenAPI v3', () => {
  test.each(Object.keys(upstream.paths))('%s has the operations, parameters and schemas of upstream', (place) => {
    const text = outline(parsed(found(start(), `/openapi/v3/${place}`)));
    expect(createHash('sha256').update(text).digest('hex').slice(0, 16)).toBe(upstream.paths[place]);
  });

  test('the index leads to every document by its hash', () => {
    const documents = start();
    const { paths } = JSON.parse(found(documents, '/openapi/v3').body.toString()) as { paths: Record<string, { serverRelativeURL: string }> };
    expect(Object.keys(paths)).toEqual(expect.arrayContaining(['api', 'api/v1', 'apis', 'apis/apps', 'apis/apps/v1', 'version', 'openid/v1/jwks']));
    const url = new URL(paths['apis/apps/v1']?.serverRelativeURL ?? '', 'http://server');
    expect(url.pathname).toBe('/openapi/v3/apis/apps/v1');
    const document = found(documents, url.pathname, url.search);
    expect(document).toMatchObject({ immutable: true, etag: `"${url.searchParams.get('hash') ?? ''}"` });
    expect(document.etag).toMatch(/^"[0-9A-F]{128}"$/);
  });

  test('an outdated hash redirects to the right one', () => {
    const documents = start();
    const { etag, contentType } = found(documents, '/openapi/v3/api/v1');
    expect(documents.document('/openapi/v3/api/v1', { query: new URLSearchParams('hash=old') })).toEqual({
      contentType,
      etag,
      location: `/openapi/v3/api/v1?hash=${(etag ?? "").slice(1, -1)}`,
    });
  });

  test('schemas state defaults, enumerations and references as upstream does', () => {
    const { schemas } = parsed(found(start(), '/openapi/v3/apis/apps/v1')).components;
    expect(schemas['io.k8s.api.apps.v1.DeploymentSpec']?.properties).toMatchObject({
      minReadySeconds: { type: 'integer', format: 'int32' },
      strategy: {
        allOf: [{ $ref: '#/components/schemas/io.k8s.api.apps.v1.DeploymentStrategy' }],
        default: {},
        'x-kubernetes-patch-strategy': 'retainKeys',
      },
    });
    expect(schemas['io.k8s.api.core.v1.ContainerPort']?.properties).toMatchObject({
      containerPort: { type: 'integer', format: 'int32', default: 0 },
      hostPort: { type: 'integer', format: 'int32' },
      protocol: { type: 'string', default: 'TCP', enum: ['SCTP', 'TCP', 'UDP'] },
    });
    expect(schemas['io.k8s.api.core.v1.Container']?.properties['args']).toEqual({
      type: 'array',
      items: { type: 'string', default: '' },
      'x-kubernetes-list-type': 'atomic',
    });
    expect(schemas['io.k8s.apimachinery.pkg.util.intstr.IntOrString']).toMatchObject({ oneOf: [{ type: 'integer' }, { type: 'string' }] });
    expect(schemas['io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions']).toMatchObject({
      'x-kubernetes-group-version-kind': [
        { group: '', kind: 'DeleteOptions', version: 'v1' },
        { group: 'apps', kind: 'DeleteOptions', version: 'v1' },
      ],
    });
  });

  test('nothing at unknown places, nothing in unknown forms', () => {
    const documents = start();
    expect(documents.document('/openapi/v3/apis/apps/v2')).toBeUndefined();
    expect(documents.document('/openapi/v4')).toBeUndefined();
    expect(documents.document('/openapi/v3/api/v1', { accept: 'text/plain' })).toBe('not acceptable');
    expect(documents.document('/openapi/v2', { accept: 'text/html' })).toBe('not acceptable');
    expect(documents.document('/openapi/v3/api', { accept: 'application/x;q=0.9, application/json;q=0.1' })).toMatchObject({ immutable: false });
  });

  test('a resource that comes later is in the next documents', () => {
    const definitions = factDefinitions().filter(({ group }) => group === '');
    const registry = factsRegistry(definitions);
    const documents = (openapi = openapiOf(registry));
    expect(documents.document('/openapi/v3/apis/batch/v1')).toBeUndefined();
    definitions.push(...factDefinitions().filter(({ group }) => group === 'batch'));
    registry.changed();
    expect(parsed(found(documents, '/openapi/v3/apis/batch/v1')).paths).toHaveProperty(['/apis/batch/v1/namespaces/{namespace}/jobs/{name}', 'patch']);
  });
});

describe('OpenAPI v2', () => {
  test('definitions and paths of everything, shared parameters by reference, dryRun and fieldValidation in place', () => {
    const { paths, definitions, parameters } = parsed(found(start(), '/openapi/v2'));
    expect(definitions['io.k8s.api.core.v1.PodSpec']?.properties['dnsPolicy']).toEqual({
      type: 'string',
      enum: ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'],
    });
    const patch = paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}']?.['patch']?.parameters as readonly { name?: string; $ref?: string }[];
    expect(patch.map(({ name, $ref }) => name ?? $ref?.replace(/-.{8}$/, ''))).toEqual([
      '#/parameters/body',
      'dryRun',
      '#/parameters/fieldManager',
      'fieldValidation',
      '#/parameters/force',
    ]);
    for (const { $ref } of patch) if ($ref !== undefined) expect(parameters).toHaveProperty([$ref.slice('#/parameters/'.length)]);
  });
});

describe('prose', () => {
  const dir = mkdtempSync(join(tmpdir(), 'openapi-'));
  const file = join(dir, 'descriptions.json');
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  test('comes from the file; without it there is none', () => {
    const pod = 'io.k8s.api.core.v1.Pod';
    writeFileSync(file, JSON.stringify({ definitions: { [pod]: { '': 'A pod.', spec: 'What is wanted.' } }, parameters: { dryRun: 'Only try.' } }));
    const text = found(start({ descriptionsFile: file }), '/openapi/v3/api/v1');
    expect(parsed(text).components.schemas[pod]).toMatchObject({ description: 'A pod.', properties: { spec: { description: 'What is wanted.', default: {} } } });
    expect(text.body.toString()).toContain('"description":"Only try."');
    const bare = found(start({ descriptionsFile: join(dir, 'missing.json') }), '/openapi/v3/api/v1');
    expect(parsed(bare).components.schemas[pod]).not.toHaveProperty('description');
    expect(bare.etag).not.toBe(text.etag);
  });
});
