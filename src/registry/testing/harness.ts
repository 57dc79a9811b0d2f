/** What the engine's tests have in common: a registry over memory, made anew for each test. Importing it sets that up. */
import { afterEach, beforeEach, expect } from '@jest/globals';
import { ApiError } from '../../api/errors.ts';
import type { KubeObject } from '../../api/object.ts';
import { FakeClock } from '../../base/clock.ts';
import type { Running } from '../../base/lifecycle.ts';
import { silentLogger } from '../../base/logger.ts';
import { openMemory } from '../../storage/memory/memory.ts';
import type { Storage } from '../../storage/storage.ts';
import type { AdmissionPlugin } from '../admission.ts';
import type { ResourceDefinition } from '../definition.ts';
import { createRegistry, type DynamicRegistry } from '../registry.ts';
import type { Entry, ResourceStore, UpdateRequest } from '../store.ts';
import { testContext, widgets } from './definitions.ts';

export const clock = new FakeClock(Date.UTC(2026, 0, 1));
export let storage: Storage;
export let registry: DynamicRegistry & Running;

/** A new registry over an empty store; {@link store} becomes that of its first kind. */
export async function start(
  definitions: readonly ResourceDefinition[] = [widgets()],
  admission: readonly AdmissionPlugin[] = [],
  random?: () => number,
): Promise<ResourceStore> {
  await registry?.stop();
  await storage?.stop();
  storage = openMemory({ clock });
  registry = await createRegistry({
    storage,
    definitions,
    admission,
    clock,
    logger: silentLogger,
    ...(random === undefined ? {} : { random }),
  });
  use(found(registry.all()[0]));
  return store;
}

export function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('not found');
  return value;
}

export const context = testContext();
export let store: ResourceStore;

/** From here on {@link store} is this one. */
export function use(other: ResourceStore): void {
  store = other;
}

beforeEach(async () => {
  await start();
});
afterEach(async () => {
  await registry.stop();
  await storage.stop();
});

export const create = (object: KubeObject, options = {}): Promise<Entry> => store.create('default', object, context, options);

/** PUT with these changes to the current object. */
export function change(
  name: string,
  edit: (object: KubeObject) => void,
  options: Partial<UpdateRequest> = {},
): ReturnType<ResourceStore['update']> {
  const update = (current: KubeObject | undefined): KubeObject => {
    const next = structuredClone(found(current));
    edit(next);
    return next;
  };
  return store.update({ name, namespace: 'default', subresource: '', update, retryOnConflict: false, ...options }, context);
}

export async function failure(promise: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
}
