/**
 * Schemas of documents that go out as protobuf but that OpenAPI knows nothing of: cut-down objects and aggregated discovery. Field
 * numbers: apimachinery pkg/apis/meta/{v1,v1beta1}/generated.proto, api apidiscovery/{v2,v2beta1}/generated.proto.
 */
import { parseApiVersion } from '../object.ts';
import { schemaFor, schemaOfKind } from '../schema/facts.ts';
import { lazy } from '../schema/lazy.ts';
import type { Field, Schema } from '../schema/schema.ts';

const plain = (type: Schema['type']): Schema => ({ type, name: '', goType: type, fields: new Map(), items: undefined, bits: 64 });
const text = plain('string');
const listOf = (items: Schema): Schema => ({ ...plain('list'), items });

interface FieldFacts {
  readonly number: number;
  readonly schema: Schema;
  readonly pointer?: boolean;
}

function struct(name: string, facts: Readonly<Record<string, FieldFacts>>): Schema {
  const fields = Object.entries(facts).map(([field, fact]): [string, Field] => [field, fieldOf(field, fact)]);
  return { ...plain('struct'), name, goType: name, fields: new Map(fields) };
}

function fieldOf(name: string, { number, schema, pointer = false }: FieldFacts): Field {
  return {
    name,
    schema,
    number,
    pointer,
    omitEmpty: true,
    omitZero: false,
    required: false,
    embedded: '',
    embeddedNumbers: [],
    listType: undefined,
    listMapKeys: [],
    mapType: undefined,
    patchMergeKey: undefined,
    patchStrategy: [],
    default: undefined,
  };
}

function known(definition: string): Schema {
  const schema = schemaFor(definition);
  if (schema === undefined) throw new Error(`no definition ${definition}`);
  return schema;
}

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const objectMeta = (): Schema => known(`${meta}.ObjectMeta`);
/** ListMeta as every list has it. */
export const listMetaSchema = (): Schema => known(`${meta}.ListMeta`);

/** Objects cut down to their metadata; the same in both versions. */
export const partialObjectSchema = lazy(() => struct('PartialObjectMetadata', { metadata: { number: 1, schema: objectMeta() } }));

function partialList(numbers: { readonly metadata: number; readonly items: number }): Schema {
  return struct('PartialObjectMetadataList', {
    metadata: { number: numbers.metadata, schema: listMetaSchema() },
    items: { number: numbers.items, schema: listOf(partialObjectSchema()) },
  });
}

function discoveryList(): Schema {
  const kind = struct('GroupVersionKind', {
    group: { number: 1, schema: text },
    version: { number: 2, schema: text },
    kind: { number: 3, schema: text },
  });
  const subresource = struct('APISubresourceDiscovery', {
    subresource: { number: 1, schema: text },
    responseKind: { number: 2, schema: kind, pointer: true },
    acceptedTypes: { number: 3, schema: listOf(kind) },
    verbs: { number: 4, schema: listOf(text) },
  });
  const resource = struct('APIResourceDiscovery', {
    resource: { number: 1, schema: text },
    responseKind: { number: 2, schema: kind, pointer: true },
    scope: { number: 3, schema: text },
    singularResource: { number: 4, schema: text },
    verbs: { number: 5, schema: listOf(text) },
    shortNames: { number: 6, schema: listOf(text) },
    categories: { number: 7, schema: listOf(text) },
    subresources: { number: 8, schema: listOf(subresource) },
  });
  const version = struct('APIVersionDiscovery', {
    version: { number: 1, schema: text },
    resources: { number: 2, schema: listOf(resource) },
    freshness: { number: 3, schema: text },
  });
  const group = struct('APIGroupDiscovery', {
    metadata: { number: 1, schema: objectMeta() },
    versions: { number: 2, schema: listOf(version) },
  });
  return struct('APIGroupDiscoveryList', {
    metadata: { number: 1, schema: listMetaSchema() },
    items: { number: 2, schema: listOf(group) },
  });
}

const documents = lazy((): ReadonlyMap<string, Schema> => {
  const discovery = discoveryList();
  return new Map([
    ['meta.k8s.io/v1 PartialObjectMetadata', partialObjectSchema()],
    ['meta.k8s.io/v1beta1 PartialObjectMetadata', partialObjectSchema()],
    ['meta.k8s.io/v1 PartialObjectMetadataList', partialList({ metadata: 1, items: 2 })],
    ['meta.k8s.io/v1beta1 PartialObjectMetadataList', partialList({ metadata: 2, items: 1 })],
    ['apidiscovery.k8s.io/v2 APIGroupDiscoveryList', discovery],
    ['apidiscovery.k8s.io/v2beta1 APIGroupDiscoveryList', discovery],
    [' APIResourceList', known(`${meta}.APIResourceList`)],
    [' APIVersions', known(`${meta}.APIVersions`)],
  ]);
});

/** The schema a document of this kind is written by; undefined for kinds that have no protobuf form. */
export function documentSchema(apiVersion: string, kind: string): Schema | undefined {
  const { group, version } = parseApiVersion(apiVersion) ?? { group: '', version: '' };
  return documents().get(`${apiVersion} ${kind}`) ?? schemaOfKind(group, version, kind);
}
