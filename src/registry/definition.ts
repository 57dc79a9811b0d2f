/**
 * What a kind says about itself; the engine (registry/) does the rest, for built-in and custom resources alike.
 * The hooks and their order are those of apiserver pkg/registry/rest/{create,update,delete}.go.
 */
import type { FieldError } from '../api/field-errors.ts';
import type { KubeObject } from '../api/object.ts';
import type { RequestContext } from './context.ts';

/** A column of a server-side table. `priority` 0 is always shown, 1 only with -o wide. */
export interface Column<T = KubeObject> {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
  /** The cell. `now` is milliseconds since the epoch, for ages. */
  value(object: T, now: number): string | number | boolean | null;
}

/** Undo and confirm of something a write reserved outside its object (an IP, a port). Exactly one of the two is called. */
export interface Reservation {
  commit(): Promise<void> | void;
  rollback(): Promise<void> | void;
}

/**
 * A kind's policy. Every function that gets an object it may change gets a private, unfrozen copy; `old` is frozen.
 * None does I/O except the two `begin` hooks, `validate(Status)AmongOthers` and `afterDelete`.
 */
export interface Strategy<T = KubeObject> {
  /** Fills defaults in; also run on objects read from an older version. */
  default?(object: T): void;
  /** Before validation on create: drops what a client may not set (status), sets generation and the like. */
  prepareForCreate?(object: T, context: RequestContext): void;
  /** Before validation on update of the main resource: keeps status from old, raises generation. */
  prepareForUpdate?(object: T, old: T, context: RequestContext): void;
  /** The same for the status subresource; default: everything but status and metadata comes from old. */
  prepareForStatusUpdate?(object: T, old: T, context: RequestContext): void;
  /** What of metadata a write of the status cannot change, besides what nobody can. Default: labels, annotations and all can be. */
  readonly statusKeeps?: 'labels' | 'metadata';
  /** All faults at once; metadata is checked by the engine. */
  validate?(object: T, context: RequestContext): FieldError[];
  /** Called in place of validate on update; call validate from here where upstream does. */
  validateUpdate?(object: T, old: T, context: RequestContext): FieldError[];
  validateStatusUpdate?(object: T, old: T, context: RequestContext): FieldError[];
  /** Faults of a name (without generateName's suffix when `prefix`); default: DNS-1123 subdomain. */
  validateName?(this: void, name: string, prefix: boolean): string[];
  /** The name for a `generateName`; default: with a random suffix. */
  generateName?(this: void, base: string): string;
  /** Updates are not asked for the kind's own rule of names (generateName may become anything): upstream's update validation does not ask. */
  readonly namesOnCreateOnly?: boolean;
  /** Finalizers need neither a domain nor to be upstream's own, as for kinds whose validation asks the machinery alone. */
  readonly anyFinalizers?: boolean;
  /** Texts for the Warning header. */
  warnings?(object: T, old: T | undefined): string[];
  /** The same for what is written through the status subresource. */
  statusWarnings?(object: T): string[];
  /** PUT to a name that does not exist creates it. Default false. */
  readonly allowCreateOnUpdate?: boolean;
  /** PUT without resourceVersion overwrites. Default true. */
  readonly allowUnconditionalUpdate?: boolean;
  /** Faults that only other objects can tell; they come before those of `validate`. On create alone. */
  validateAmongOthers?(object: T): Promise<FieldError[]>;
  /** The same for a write of the status. */
  validateStatusAmongOthers?(object: T, old: T): Promise<FieldError[]>;
  /** Reserves something for the object before it is prepared and validated; may fill fields in. */
  beginCreate?(object: T, context: RequestContext): Promise<Reservation>;
  beginUpdate?(object: T, old: T, context: RequestContext): Promise<Reservation>;
  /** After the object is gone from the store (releases what was reserved); the delete is answered when it is done. */
  afterDelete?(object: T): Promise<void> | void;
  /**
   * The grace a graceful delete of this object gets in seconds, or undefined: the object goes at once.
   * `asked` is the client's gracePeriodSeconds.
   */
  gracePeriod?(object: T, asked: number | undefined): number | undefined;
  /**
   * What a delete does when the client names no policy: 'background' unless said otherwise. 'unsupported' (events): objects of
   * this kind never get the garbage collector's finalizers.
   */
  readonly defaultPropagation?: 'background' | 'orphan' | 'unsupported';
  /** Deletion in two steps, as namespaces and custom resource definitions have it: the first delete marks and never removes. */
  readonly termination?: Termination<T>;
}

export interface Termination<T = KubeObject> {
  /** Changes a private copy on the first delete (phase, condition, finalizer); deletionTimestamp is set already. */
  mark(object: T): void;
  /** Something besides metadata.finalizers (spec.finalizers) still keeps the object. */
  pending(object: T): boolean;
}

/** Where a kind keeps what its scale subresource shows. */
export interface ScaleAccess<T = KubeObject> {
  replicas(object: T): number;
  setReplicas(object: T, replicas: number): void;
  statusReplicas(object: T): number;
  /** The selector as query text (`a=b,c in (d)`). */
  selector(object: T): string;
}

/** A subresource with behaviour of its own (binding, eviction, token, approval, finalize, resize ...). */
export interface Subresource<T = KubeObject> {
  readonly name: string;
  /** The kind that bodies and answers have, when not the parent's. */
  readonly kind?: { readonly group: string; readonly version: string; readonly kind: string };
  /**
   * Verb update/patch on the parent through this subresource: as prepareForStatusUpdate is for status.
   * A kind that needs more than that gives `create`.
   */
  prepareForUpdate?(object: T, old: T, context: RequestContext): void;
  validateUpdate?(object: T, old: T, context: RequestContext): FieldError[];
  /** Fills defaults of what is posted to it in; for a kind of its own. */
  default?(body: KubeObject): void;
  /** POST to it. `store` is the parent's store. Returns the answer's object. */
  create?(request: SubresourceRequest): Promise<KubeObject>;
}

export interface SubresourceRequest {
  readonly name: string;
  readonly namespace: string;
  readonly body: KubeObject;
  readonly context: RequestContext;
  readonly store: import('./store.ts').ResourceStore;
}

export interface ResourceDefinition<T = KubeObject> {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind: string;
  /** The plural, lower-case name in paths. */
  readonly resource: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** Verbs as discovery lists them. A review kind has only `create`. */
  readonly verbs: readonly string[];
  /** The definition's name in openapi/definitions.json (`io.k8s.api.core.v1.Pod`); for custom resources their own. */
  readonly schema: string;
  /** Where objects are kept: the group and plural of the storage key, shared by versions of one kind. */
  readonly storage?: { readonly group: string; readonly resource: string };
  /** The type the stored objects have, when it is not this one (with `convert`, or for versions of custom resources). */
  readonly storedAs?: { readonly apiVersion: string; readonly kind: string };
  /**
   * By apiVersion: what upstream's servers may have stored, made this version (a private copy comes in). Defaults are filled in
   * afterwards; naming the own version has that done for values that lack some.
   */
  readonly storedVersions?: Readonly<Record<string, (object: KubeObject) => KubeObject>>;
  readonly strategy: Strategy<T>;
  readonly columns: readonly Column<T>[];
  /** Cells of rows that no column tells of. */
  readonly extraCells?: readonly Column<T>[];
  /** Puts what upstream writes of an object that has nothing, beyond what the schema says (bookmarks are such), into a private copy. */
  readonly emptied?: (object: T) => void;
  /** Its status has no table form. */
  readonly tablelessStatus?: true;
  /** Nothing of it is stored: its lists are of no version. */
  readonly versionless?: true;
  /** An annotation that stands for a field: not there where only metadata is shown. */
  readonly hiddenAnnotation?: string;
  /** Goes out as a Warning header with every answer about the resource. */
  readonly deprecation?: string;
  /** Served `/status` when true. */
  readonly status: boolean;
  readonly scale?: ScaleAccess<T>;
  readonly subresources?: readonly Subresource<T>[];
  /**
   * What writers of the object ('') or of a subresource never own in managed fields, names with dots, where it is not the default: the status;
   * through the status subresource the spec and what `statusKeeps` says; through others all can be owned (upstream's GetResetFields).
   */
  readonly owned?: Readonly<Record<string, { readonly never: readonly string[] }>>;
  /** Field selectors besides metadata.name and metadata.namespace. */
  readonly selectableFields?: Readonly<Record<string, (object: T) => string>>;
  /** Objects vanish after this many seconds (events). */
  readonly ttlSeconds?: number;
  /**
   * For kinds that are never stored (reviews, bindings): what POST answers. With this, no other hook but default and validate runs.
   */
  readonly virtual?: (object: T, context: RequestContext) => Promise<KubeObject>;
  /** Another version or group over the same storage: converts between stored and served form (both private copies). */
  readonly convert?: { fromStored(object: KubeObject): T; toStored(object: T): KubeObject };
}

/** The kind as upstream's texts name it: by the group it is kept in (events.k8s.io shows the core group's events). */
export function kindInTexts({ group, kind, storage }: ResourceDefinition): { readonly group: string; readonly kind: string } {
  return { group: storage?.group ?? group, kind };
}

/** Keeps a definition's own type inside while lists hold them all. */
export function define<T extends { metadata: KubeObject['metadata'] }>(definition: ResourceDefinition<T>): ResourceDefinition {
  return definition as unknown as ResourceDefinition;
}
