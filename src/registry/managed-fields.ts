/** Field managers of the engine's resources: their types, their versions, and what writers of each resource cannot own. */
import { deduced, type FieldType } from '../api/managed-fields/field-type.ts';
import { FieldManager, type Writer } from '../api/managed-fields/field-manager.ts';
import { type MaybeSet, recursiveDifference, setOfPaths } from '../api/managed-fields/field-set.ts';
import { fieldKey } from '../api/managed-fields/path-element.ts';
import { typeOfSchema } from '../api/managed-fields/schema-types.ts';
import type { Rules, Versioned } from '../api/managed-fields/updater.ts';
import { cloneJson, jsonEqual } from '../api/json.ts';
import { apiVersionOf, type KubeObject } from '../api/object.ts';
import { complete } from '../api/schema/complete.ts';
import { schemaFor, schemaOfKind } from '../api/schema/facts.ts';
import type { Schema } from '../api/schema/schema.ts';
import { type Clock, rfc3339 } from '../base/clock.ts';
import { storagePrefix } from './cache/keys.ts';
import type { RequestContext } from './context.ts';
import type { ResourceDefinition, Subresource } from './definition.ts';
import { scaleKind } from './scale.ts';

interface Options {
  /** All that are served. */
  readonly definitions: () => readonly ResourceDefinition[];
  readonly clock: Clock;
}

/** One field manager a resource and subresource, made on first use. */
export class FieldManagers {
  readonly #options: Options;
  readonly #managers = new WeakMap<ResourceDefinition, Map<string, FieldManager>>();

  constructor(options: Options) {
    this.#options = options;
  }

  of(definition: ResourceDefinition, subresource: string): FieldManager {
    let bySubresource = this.#managers.get(definition);
    if (bySubresource === undefined) this.#managers.set(definition, (bySubresource = new Map<string, FieldManager>()));
    let manager = bySubresource.get(subresource);
    if (manager === undefined) bySubresource.set(subresource, (manager = this.#make(definition, subresource)));
    return manager;
  }

  /** Who writes, and when. */
  writer({ fieldManager = '' }: RequestContext): Writer {
    return { manager: fieldManager, time: rfc3339(this.#options.clock.now()) };
  }

  /** Keeps the managed fields of an object that is about to be created. It must be complete. */
  track(definition: ResourceDefinition, object: KubeObject, context: RequestContext): void {
    setManagedFields(object, this.of(definition, '').update(undefined, object, this.writer(context)));
  }

  /** The managed fields of what is posted to a subresource with a kind of its own; the answer shows them. */
  ofPosted(
    definition: ResourceDefinition,
    { name, kind }: Subresource,
    { body, context }: { readonly body: KubeObject; readonly context: RequestContext },
  ): ReturnType<FieldManager['update']> {
    const schema = kind === undefined ? undefined : schemaOfKind(kind.group, kind.version, kind.kind);
    return this.of(definition, name).update(undefined, completed(cloneJson(body), schema), this.writer(context));
  }

  #make(definition: ResourceDefinition, subresource: string): FieldManager {
    const own = subresource === 'scale' ? scaleKind : definition.subresources?.find(({ name }) => name === subresource)?.kind;
    const { group, version, kind } = own ?? definition;
    const schema = own === undefined ? schemaFor(definition.schema) : schemaOfKind(group, version, kind);
    const rules: Rules = {
      convert: (object, apiVersion) => (object.apiVersion === apiVersion ? object : this.#converted(definition, object, apiVersion)),
      ...(own === undefined ? restrictionsOf(definition, subresource) : { filter: (set: MaybeSet) => set, ignored: new Set<string>() }),
    };
    return new FieldManager({ group, version, kind, subresource, rules, type: typeOf(schema), empty: () => emptyOf(schema) });
  }

  #converted(definition: ResourceDefinition, object: Versioned, apiVersion: string): Versioned | undefined {
    const prefix = storagePrefix(definition);
    const inVersion = (wanted: string): ResourceDefinition | undefined =>
      this.#options
        .definitions()
        .find((other) => apiVersionOf(other) === wanted && other.kind === definition.kind && storagePrefix(other) === prefix);
    const [from, to] = [inVersion(object.apiVersion), inVersion(apiVersion)];
    if (from === undefined || to === undefined) return undefined;
    const copy = completed(cloneJson(object.value), schemaFor(from.schema)) as KubeObject;
    const stored = from.convert === undefined ? copy : from.convert.toStored(copy);
    const value = to.convert === undefined ? stored : to.convert.fromStored(stored);
    const schema = schemaFor(to.schema);
    return { value: completed(value, schema), apiVersion, type: typeOf(schema) };
  }
}

const typeOf = (schema: Schema | undefined): FieldType => (schema === undefined ? deduced : typeOfSchema(schema));
const completed = <T>(value: T, schema: Schema | undefined): T => (schema === undefined ? value : complete(value as T & object, schema));
const emptyOf = (schema: Schema | undefined): unknown => (schema === undefined ? { metadata: {} } : complete({}, schema));

const pathOf = (text: string): string[] => text.split('.').map(fieldKey);

/** What writers can own of a resource: by default all but the status, and through the status subresource all but the spec. */
function restrictionsOf({ status, strategy, owned }: ResourceDefinition, subresource: string): Pick<Rules, 'filter' | 'ignored'> {
  const kept = strategy.statusKeeps === 'metadata' ? ['metadata'] : strategy.statusKeeps === 'labels' ? ['metadata.labels'] : [];
  const byDefault = subresource === 'status' ? ['spec', ...kept] : status && subresource === '' ? ['status'] : [];
  const paths = owned?.[subresource]?.never ?? byDefault;
  const never = setOfPaths(paths.map(pathOf));
  return { filter: (set) => recursiveDifference(set, never), ignored: new Set(paths.filter((path) => !path.includes('.'))) };
}

/** Sets or drops metadata.managedFields of a private object. */
export function setManagedFields(object: KubeObject, entries: ReturnType<FieldManager['update']>): void {
  if (entries === undefined) delete object.metadata.managedFields;
  else (object.metadata as { managedFields?: unknown }).managedFields = entries;
}

/**
 * Puts old times back when times of managers are all that changes: such a write changes nothing
 * (apiserver pkg/endpoints/handlers/fieldmanager/equality.go).
 */
export function ignoreTimes(object: KubeObject, old: KubeObject): void {
  const [entries, before] = [object.metadata.managedFields, old.metadata.managedFields];
  if (entries === undefined || before === undefined || entries === before || entries.length !== before.length) return;
  const sameOwners = entries.every((entry, at) => jsonEqual({ ...entry, time: undefined }, { ...before[at], time: undefined }));
  if (!sameOwners) return;
  const { kind: _kind, apiVersion: _apiVersion, ...fields } = object;
  if (jsonEqual({ ...fields, metadata: { ...object.metadata, managedFields: before } }, old)) object.metadata.managedFields = before;
}
