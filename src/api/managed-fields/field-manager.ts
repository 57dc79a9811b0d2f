/**
 * metadata.managedFields of one resource or subresource: kept up to date with every write, and server-side apply.
 * Order and rules: apimachinery pkg/util/managedfields/internal/fieldmanager.go and the managers it is made of.
 */
import { ApiError, badRequest } from '../errors.ts';
import { jsonEqual } from '../json.ts';
import { apiVersionOf, type KubeObject, parseApiVersion } from '../object.ts';
import { checkFields } from './check.ts';
import { conflictError, FieldConflict } from './conflict.ts';
import { CreatedFields } from './created.ts';
import { FieldFault, isMap, type JsonMap } from './elements.ts';
import { difference, setOfPaths, union } from './field-set.ts';
import { fieldKey } from './path-element.ts';
import { applyHandedOver, withLastApplied } from './last-applied.ts';
import {
  capUpdaters,
  entriesOf,
  entryOf,
  identityOf,
  isReset,
  type ManagedFieldsEntry,
  type Manager,
  type Managers,
  type Operation,
  sentManagers,
  storedManagers,
} from './managers.ts';
import { type Application, applyConfig, assign, type Rules, settle, type Versioned } from './updater.ts';

export interface FieldManagerOptions {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly subresource: string;
  readonly rules: Rules;
  /** The type of the kind in this version. */
  readonly type: Versioned['type'];
  /** What a new object of the kind has before anybody has written to it: structs that Go always writes. */
  readonly empty: () => unknown;
}

export interface Writer {
  /** The field manager's name. */
  readonly manager: string;
  /** RFC 3339, whole seconds. */
  readonly time: string;
}

export interface ApplyRequest extends Writer {
  /** Frozen; undefined: to be created. */
  readonly live: KubeObject | undefined;
  /** With kind and apiVersion. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly force: boolean;
}

export interface Applied {
  /** Without kind, apiVersion and managedFields; parts are shared with both objects. */
  readonly object: Readonly<Record<string, unknown>>;
  readonly managedFields: readonly ManagedFieldsEntry[] | undefined;
}

const beforeFirstApply = 'before-first-apply';

const nobodysMetadata = [
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'clusterName',
  'generation',
  'managedFields',
  'resourceVersion',
] as const;

/** What nobody owns (stripmeta.go). */
const nobodys = setOfPaths([
  [fieldKey('apiVersion')],
  [fieldKey('kind')],
  [fieldKey('metadata')],
  ...nobodysMetadata.map((name) => [fieldKey('metadata'), fieldKey(name)]),
]);

export class FieldManager {
  readonly #options: FieldManagerOptions;
  readonly #apiVersion: string;
  /** For resources of which some fields of the object itself, and no others, are nobody's. */
  readonly #created: CreatedFields | undefined;

  constructor(options: FieldManagerOptions) {
    this.#options = options;
    this.#apiVersion = apiVersionOf(options);
    const { type, empty, rules } = options;
    if (rules.ignored !== undefined)
      this.#created = new CreatedFields(type, empty(), {
        '': new Set([...rules.ignored, 'kind', 'apiVersion']),
        metadata: new Set(nobodysMetadata),
      });
  }

  /**
   * The managed fields of `next`, which is complete (Go's zero values) and about to replace `live` (undefined: to be created). What the
   * client sent in `next` counts when it can be read. undefined: none.
   */
  update(live: KubeObject | undefined, next: KubeObject, writer: Writer): readonly ManagedFieldsEntry[] | undefined {
    const sent = live === undefined ? next.metadata.managedFields : undefined;
    if (live === undefined && this.#created !== undefined && (sent === undefined || sent.length === 0))
      return this.#firstEntry(next, writer);
    const managers = this.#managersOf(live, next);
    if (managers.size === 0 && (live?.metadata.uid ?? '') !== '') return undefined;
    try {
      this.#track(managers, { live, next }, writer);
    } catch (error) {
      if (error instanceof FieldFault) return undefined;
      throw error;
    }
    return kept(live, managers);
  }

  /** As {@link update}, for what is created. */
  #firstEntry(next: KubeObject, writer: Writer): readonly ManagedFieldsEntry[] | undefined {
    try {
      const set = this.#created?.of(next);
      return set === undefined ? undefined : [entryOf({ ...this.#manager('Update', writer), set })];
    } catch (error) {
      if (error instanceof FieldFault) return undefined;
      throw error;
    }
  }

  /** Merges a configuration and moves ownership. Throws ApiErrors: 400, 409 with the conflicts, 500 in Go's words for what has no type. */
  apply(request: ApplyRequest): Applied {
    const { live, manager } = request;
    const config = this.#checked(request.config);
    const managers = storedManagers(entriesIn(live));
    if (managers.size === 0 && live !== undefined)
      this.#track(managers, { live: undefined, next: live }, { ...request, manager: beforeFirstApply });
    const id = this.#identity('Apply', manager);
    const application: Application = {
      live: this.#versioned(live ?? this.#options.empty()),
      config: this.#versioned(config),
      manager: this.#manager('Apply', { ...request, time: managers.get(id)?.time ?? '' }),
      id,
      rules: this.#options.rules,
      force: request.force,
    };
    const { managers: moved, merged } = this.#merge(managers, application);
    this.#strip(moved, id);
    if (!jsonEqual(merged, application.live.value)) this.#touch(moved, id, request.time);
    const object = manager === 'kubectl' ? withLastApplied(merged as JsonMap, request.config) : (merged as JsonMap);
    const { metadata, ...fields } = object;
    const { managedFields: _own, ...meta } = (metadata ?? {}) as Record<string, unknown>;
    return { object: { metadata: meta, ...fields }, managedFields: kept(live, moved) };
  }

  #merge(managers: Managers, application: Application): { managers: Managers; merged: unknown } {
    const attempt = (force: boolean): { managers: Managers; merged: unknown } => {
      const copy = new Map(managers);
      return { managers: copy, merged: applyConfig(copy, { ...application, force }) };
    };
    try {
      return application.manager.name === 'kubectl' ? applyHandedOver(application, attempt) : attempt(application.force);
    } catch (error) {
      if (error instanceof FieldConflict) throw conflictError(error);
      throw error;
    }
  }

  /** What a write other than apply does. */
  #track(managers: Managers, { live, next }: { live: KubeObject | undefined; next: KubeObject }, { manager, time }: Writer): void {
    const { rules } = this.#options;
    const change = { old: this.#versioned(live ?? this.#options.empty()), next: this.#versioned(next) };
    const id = this.#identity('Update', manager);
    const changes = settle(managers, change, { rules, self: '', force: true, writer: id });
    const set = difference(union(changes.modified, changes.added), nobodys);
    if (set !== undefined) {
      const own = managers.get(id);
      managers.set(id, { ...this.#manager('Update', { manager, time }), set: union(own?.set, set) });
    }
    capUpdaters(managers);
  }

  #managersOf(live: KubeObject | undefined, next: KubeObject): Managers {
    const stored = entriesIn(live);
    const sent = entriesIn(next);
    if (this.#options.subresource !== '' || sent === undefined || sent === stored) return storedManagers(stored);
    if (isReset(sent)) return new Map();
    if (jsonEqual(sent, stored)) return storedManagers(stored);
    try {
      return sentManagers(sent);
    } catch {
      return storedManagers(stored);
    }
  }

  /** The configuration without kind and apiVersion, checked. */
  #checked(config: ApplyRequest['config']): JsonMap {
    const { group, version, kind } = this.#options;
    const { kind: givenKind, apiVersion, ...fields } = config;
    const given = parseApiVersion(typeof apiVersion === 'string' ? apiVersion : '') ?? { group: '', version: '' };
    const shown = `${given.group}/${given.version}, Kind=${typeof givenKind === 'string' ? givenKind : ''}`;
    if (givenKind !== kind || given.group !== group || given.version !== version) throw badRequest(`invalid object type: ${shown}`);
    const metadata = isMap(fields['metadata']) ? fields['metadata'] : {};
    if ('managedFields' in metadata) throw badRequest('metadata.managedFields must be nil');
    try {
      checkFields(this.#options.type, fields);
    } catch (error) {
      if (!(error instanceof FieldFault)) throw error;
      const { name = '', namespace = '' } = metadata as { name?: string; namespace?: string };
      throw new ApiError('Unknown', `failed to create typed patch object (${namespace}/${name}; ${shown}): ${error.message}`);
    }
    return fields;
  }

  #strip(managers: Managers, id: string): void {
    const own = managers.get(id);
    if (own === undefined) return;
    assign(managers, id, { ...own, set: difference(own.set, nobodys) });
  }

  #touch(managers: Managers, id: string, time: string): void {
    const own = managers.get(id);
    if (own !== undefined) managers.set(id, { ...own, time, entry: undefined });
  }

  #versioned(value: unknown): Versioned {
    return { value, apiVersion: this.#apiVersion, type: this.#options.type };
  }

  #identity(operation: Operation, name: string): string {
    return identityOf(this.#manager(operation, { manager: name, time: '' }));
  }

  #manager(operation: Operation, { manager, time }: Writer): Manager {
    const { subresource } = this.#options;
    const name = manager === '' ? 'unknown' : manager;
    return {
      name,
      operation,
      apiVersion: this.#apiVersion,
      subresource,
      time: time === '' ? undefined : time,
      set: undefined,
      entry: undefined,
    };
  }
}

function entriesIn(object: KubeObject | undefined): readonly ManagedFieldsEntry[] | undefined {
  return object?.metadata.managedFields;
}

/** The entries; those of the live object themselves when nothing has changed. */
function kept(live: KubeObject | undefined, managers: Managers): readonly ManagedFieldsEntry[] | undefined {
  const entries = entriesOf(managers);
  const stored = entriesIn(live);
  const same = entries !== undefined && stored?.length === entries.length && stored.every((entry, at) => entry === entries[at]);
  return same ? stored : entries;
}
