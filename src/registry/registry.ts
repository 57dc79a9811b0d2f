/** All resources over one storage. */
import type { Clock } from '../base/clock.ts';
import { Lifecycle, type Running, running } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { MetricRegistry } from '../base/metrics.ts';
import type { Storage } from '../storage/storage.ts';
import type { AdmissionPlugin } from './admission.ts';
import { startWatchCache } from './cache/cache.ts';
import { StoredConversions } from './cache/stored-form.ts';
import type { ResourceDefinition } from './definition.ts';
import type { Engine } from './engine.ts';
import { FieldManagers } from './managed-fields.ts';
import { Measures } from './measures.ts';
import { GenericStore } from './generic-store.ts';
import type { Registry, ResourceStore } from './store.ts';
import { viewOf } from './view.ts';
import { VirtualStore } from './virtual-store.ts';

export interface RegistryOptions {
  readonly storage: Storage;
  /** In discovery order. */
  readonly definitions: readonly ResourceDefinition[];
  /** In the order they run. */
  readonly admission: readonly AdmissionPlugin[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where figures of the store and of admission go. */
  readonly metrics?: MetricRegistry;
  /** Whose objects will be wanted at once, so that they are parsed while the rest is being read. */
  readonly parsed?: (definition: ResourceDefinition) => boolean;
  /** In [0, 1); for generated names. Default Math.random. */
  readonly random?: () => number;
}

/** A registry whose set of resources changes while it runs (custom resources). */
export interface DynamicRegistry extends Registry {
  /** Serves a resource, in place of one of the same group, version and plural. */
  serve(definition: ResourceDefinition): ResourceStore;
  /** Stops serving a resource; its objects stay in the store. False: it was not served. */
  withdraw(group: string, version: string, resource: string): boolean;
}

/** Loads what is stored, then resolves. Stopping leaves the storage open. */
export async function createRegistry(options: RegistryOptions): Promise<DynamicRegistry & Running> {
  const { storage, admission, clock, logger, random = Math.random } = options;
  const lifecycle = new Lifecycle();
  const conversions = new StoredConversions();
  for (const definition of options.definitions) conversions.add(definition);
  const resources = options.definitions.filter(({ virtual }) => virtual === undefined);
  const parsed = options.parsed === undefined ? [] : resources.filter(options.parsed);
  const cache = lifecycle.add(await startWatchCache({ storage, clock, logger, conversions, resources, parsed }));
  const fields = new FieldManagers({ definitions: () => registry.all().map(({ definition }) => definition), clock });
  const registry: Resources = new Resources({ storage, cache, admission, clock, fields, measures: new Measures(options.metrics), random });
  for (const definition of options.definitions) registry.serve(definition);
  return Object.assign(
    registry,
    running(() => lifecycle.stop()),
  );
}

const keyOf = (group: string, version: string, resource: string): string => `${group}/${version}/${resource}`;

class Resources implements DynamicRegistry {
  readonly #engine: Engine;
  readonly #stores = new Map<string, ResourceStore>();
  readonly #listeners = new Set<() => void>();
  /** By plural: several times in every request, and seldom more than one. */
  readonly #byPlural = new Map<string, readonly ResourceStore[]>();
  #all: readonly ResourceStore[] | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  lookup(group: string, version: string, resource: string): ResourceStore | undefined {
    let stores = this.#byPlural.get(resource);
    if (stores === undefined) {
      stores = this.all().filter(({ definition }) => definition.resource === resource);
      // What is not served is nobody's to keep.
      if (stores.length === 0) return undefined;
      this.#byPlural.set(resource, stores);
    }
    for (const store of stores) if (store.definition.version === version && store.definition.group === group) return store;
    return undefined;
  }

  all(): readonly ResourceStore[] {
    return (this.#all ??= [...this.#stores.values()]);
  }

  onChange(call: () => void): Running {
    const listener = (): void => call();
    this.#listeners.add(listener);
    return running(() => void this.#listeners.delete(listener));
  }

  serve(definition: ResourceDefinition): ResourceStore {
    const store = this.#make(definition);
    this.#stores.set(keyOf(definition.group, definition.version, definition.resource), store);
    this.#changed();
    return store;
  }

  withdraw(group: string, version: string, resource: string): boolean {
    const served = this.#stores.delete(keyOf(group, version, resource));
    if (served) this.#changed();
    return served;
  }

  #make(definition: ResourceDefinition): ResourceStore {
    const engine = this.#engine;
    if (definition.virtual !== undefined) return new VirtualStore(engine, definition, definition.virtual);
    return new GenericStore({ engine, definition, cache: engine.cache.resource(definition), view: viewOf(definition) });
  }

  #changed(): void {
    this.#all = undefined;
    this.#byPlural.clear();
    for (const listener of this.#listeners) listener();
  }
}
