/** Delete, as apiserver pkg/registry/rest/delete.go and pkg/registry/generic/registry/store.go do it. */
import { conflict, notFound } from '../api/errors.ts';
import { type FieldError, invalid, invalidObject, notSupported, path } from '../api/field-errors.ts';
import { cloneJson, jsonEqual } from '../api/json.ts';
import type { KubeObject } from '../api/object.ts';
import { rfc3339 } from '../base/clock.ts';
import type { AdmissionRequest } from './admission.ts';
import { mutate, validate } from './admit.ts';
import type { RequestContext } from './context.ts';
import { kindInTexts, type ResourceDefinition } from './definition.ts';
import type { Resource } from './engine.ts';
import { MadeEntry } from './made-entry.ts';
import type { DeleteRequest, Entry } from './store.ts';
import { put, remove } from './writer.ts';

export interface Deleted {
  readonly entry: Entry;
  readonly gone: boolean;
}

interface Target {
  readonly namespace: string;
  readonly name: string;
  readonly request: DeleteRequest;
  readonly context: RequestContext;
}

/** What a delete does to an object. */
export type Deletion =
  | { readonly do: 'nothing' }
  | { readonly do: 'remove' }
  /** `remove`: and then it goes at once. */
  | { readonly do: 'mark'; readonly object: KubeObject; readonly remove: boolean };

export async function deleteObject(resource: Resource, target: Target): Promise<Deleted> {
  const { request, context } = target;
  const faults = optionFaults(request);
  if (faults.length > 0) throw invalidObject({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', faults);
  const dryRun = request.dryRun === true || context.dryRun === true;
  let marked: Entry | undefined;
  for (;;) {
    const entry = resource.cache.get(target.namespace, target.name);
    if (entry === undefined) {
      // Marked here and then removed by somebody else, a collector for instance, it is gone as was asked.
      if (marked !== undefined) return { entry: resource.view.served(marked), gone: true };
      throw notFound(resource.definition, target.name);
    }
    checkPreconditions(resource.definition, entry.object, request);
    const done = await step(resource, entry, { ...target, dryRun });
    if (done.deleted !== undefined) return { ...done.deleted, entry: resource.view.served(done.deleted.entry) };
    marked = done.marked ?? marked;
    await resource.engine.cache.waitForNewest();
    context.signal?.throwIfAborted();
  }
}

interface Step {
  /** Undefined when the store has moved on. */
  readonly deleted?: Deleted | undefined;
  /** What was marked before it was to be removed. */
  readonly marked?: Entry | undefined;
}

async function step(resource: Resource, entry: Entry, target: Target & { readonly dryRun: boolean }): Promise<Step> {
  const { definition, engine } = resource;
  const { request, dryRun } = target;
  const deletion = planDeletion(definition, entry.object, { request, now: engine.clock.now() });
  if (deletion.do === 'nothing') return { deleted: { entry, gone: false } };
  await admit(resource, entry, target);
  if (deletion.do === 'remove') return { deleted: await removed(resource, entry, dryRun) };
  if (!deletion.remove && jsonEqual(deletion.object, entry.object)) return { deleted: { entry, gone: false } };
  const marked = await put(storedOnly(resource), { ...target, object: deletion.object, expected: entry.revision, dryRun });
  if (marked === undefined) return {};
  if (!deletion.remove || dryRun) return { deleted: { entry: marked, gone: deletion.remove } };
  return { deleted: await removed(resource, marked, dryRun), marked };
}

async function removed(resource: Resource, entry: Entry, dryRun: boolean): Promise<Deleted | undefined> {
  const last = await remove(resource, entry, dryRun);
  if (last === undefined) return undefined;
  if (!dryRun) await resource.definition.strategy.afterDelete?.(resource.view.served(last).object);
  return { entry: last, gone: true };
}

/** Marks are made on the stored form, whatever version asks. */
function storedOnly(resource: Resource): Resource {
  return { ...resource, view: { ...resource.view, toStored: (object) => object, served: (entry) => entry } };
}

async function admit({ definition, engine }: Resource, entry: Entry, target: Target & { readonly dryRun: boolean }): Promise<void> {
  const { name, request, context, dryRun } = target;
  const admission: AdmissionRequest = {
    operation: 'DELETE',
    definition,
    subresource: '',
    namespace: definition.resource === 'namespaces' && definition.group === '' ? name : target.namespace,
    name,
    object: undefined,
    old: entry.object,
    context: dryRun && context.dryRun !== true ? { ...context, dryRun } : context,
    options: request,
  };
  await mutate(engine, admission);
  await validate(engine, admission);
}

function optionFaults({ orphanDependents, propagationPolicy }: DeleteRequest): FieldError[] {
  const faults: FieldError[] = [];
  const at = path('propagationPolicy');
  if (propagationPolicy === undefined) return faults;
  if (orphanDependents !== undefined)
    faults.push(invalid(at, propagationPolicy, 'orphanDependents and deletionPropagation cannot be both set'));
  const known = ['Foreground', 'Background', 'Orphan', 'nil'];
  if (!known.includes(propagationPolicy)) faults.push(notSupported(at, propagationPolicy, known));
  return faults;
}

function checkPreconditions(definition: ResourceDefinition, { metadata }: KubeObject, { preconditions = {} }: DeleteRequest): void {
  const { uid, resourceVersion } = preconditions;
  const { strategy } = definition;
  const { group, kind } = kindInTexts(definition);
  // Deletion in two steps has words of its own upstream.
  const failed = (what: string, asked: string, is: string): Error =>
    conflict(definition, metadata.name, `Precondition failed: ${what} in precondition: ${asked}, ${what} in object meta: ${is}`);
  if (strategy.termination !== undefined) {
    if (uid !== undefined && uid !== metadata.uid) throw failed('UID', uid, metadata.uid);
    if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion)
      throw failed('ResourceVersion', resourceVersion, metadata.resourceVersion);
    return;
  }
  // Upstream names the kind here, not the resource.
  const subject = { group, resource: kind };
  if (uid !== undefined && uid !== metadata.uid) {
    throw conflict(
      subject,
      metadata.name,
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    throw conflict(
      subject,
      metadata.name,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`,
    );
  }
}

interface Asked {
  readonly request: DeleteRequest;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Decides, on the frozen stored object; marked objects share with it whatever does not change. */
export function planDeletion(definition: ResourceDefinition, object: KubeObject, { request, now }: Asked): Deletion {
  if (definition.strategy.termination !== undefined) {
    if (object.metadata.deletionTimestamp === undefined) return terminate(definition, object, { request, now });
    if (definition.strategy.termination.pending(object)) return { do: 'nothing' };
  }
  const grace = gracefully(definition, object, { request, now });
  if (grace === 'pending') return { do: 'nothing' };
  const finalizers = collectorFinalizers(definition, object, request);
  if (grace !== undefined) {
    return { do: 'mark', object: marked(object, { ...grace, finalizers }), remove: grace.seconds === 0 && finalizers.length === 0 };
  }
  if (finalizers.length === 0) return { do: 'remove' };
  const { deletionTimestamp } = object.metadata;
  const at = deletionTimestamp === undefined || Date.parse(deletionTimestamp) > now ? rfc3339(now) : deletionTimestamp;
  return { do: 'mark', object: marked(object, { at, seconds: 0, finalizers }), remove: false };
}

interface Grace {
  readonly at: string;
  readonly seconds: number;
}

/** How a kind with graceful deletion goes; 'pending': it already does, and no sooner; undefined: not gracefully. */
function gracefully({ strategy }: ResourceDefinition, object: KubeObject, { request, now }: Asked): Grace | 'pending' | undefined {
  if (strategy.gracePeriod === undefined) return undefined;
  const asked = request.gracePeriodSeconds !== undefined && request.gracePeriodSeconds < 0 ? 1 : request.gracePeriodSeconds;
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = object.metadata;
  if (deletionTimestamp === undefined) {
    const seconds = strategy.gracePeriod(object, asked);
    return seconds === undefined ? undefined : { at: rfc3339(now + seconds * 1000), seconds };
  }
  if (deletionGracePeriodSeconds === 0) return undefined;
  if (asked === undefined || asked >= deletionGracePeriodSeconds) return 'pending';
  const moved = Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1000 + asked * 1000;
  if (moved >= now) return { at: rfc3339(moved), seconds: asked };
  return { at: rfc3339(now), seconds: asked === 0 ? 0 : 1 };
}

function marked(object: KubeObject, { at, seconds, finalizers }: Grace & { readonly finalizers: readonly string[] }): KubeObject {
  const { finalizers: _finalizers, generation = 0, deletionTimestamp, ...meta } = object.metadata;
  const raised = deletionTimestamp === undefined && generation > 0 ? generation + 1 : generation;
  return {
    ...object,
    metadata: {
      ...meta,
      ...(raised === 0 ? {} : { generation: raised }),
      deletionTimestamp: at,
      deletionGracePeriodSeconds: seconds,
      ...(finalizers.length === 0 ? {} : { finalizers: [...finalizers] }),
    },
  };
}

/** The first step of a two-step deletion (pkg/registry/core/namespace/storage). */
function terminate(definition: ResourceDefinition, object: KubeObject, { request, now }: Asked): Deletion {
  const copy = cloneJson(object);
  copy.metadata.deletionTimestamp = rfc3339(now);
  // Not to orphan means to wait for the dependents here (shouldHaveDeleteDependentsFinalizer).
  const asked =
    request.orphanDependents === false ? { ...request, orphanDependents: undefined, propagationPolicy: 'Foreground' as const } : request;
  const finalizers = collectorFinalizers(definition, object, asked);
  if (finalizers.length > 0) copy.metadata.finalizers = finalizers;
  else delete copy.metadata.finalizers;
  definition.strategy.termination?.mark(copy);
  return { do: 'mark', object: copy, remove: false };
}

const orphan = 'orphan';
const foreground = 'foregroundDeletion';

/** The finalizers an object has while it is deleted, those of the garbage collector as the request wants them. */
function collectorFinalizers({ strategy }: ResourceDefinition, { metadata }: KubeObject, request: DeleteRequest): string[] {
  const { finalizers = [] } = metadata;
  const others = finalizers.filter((finalizer) => finalizer !== orphan && finalizer !== foreground);
  const policy =
    strategy.defaultPropagation === 'unsupported'
      ? 'Background'
      : (policyOf(request) ?? standing(finalizers) ?? byKind(strategy.defaultPropagation));
  if (policy === 'Orphan') return finalizers.includes(orphan) && !finalizers.includes(foreground) ? [...finalizers] : [...others, orphan];
  if (policy === 'Foreground')
    return finalizers.includes(foreground) && !finalizers.includes(orphan) ? [...finalizers] : [...others, foreground];
  return others;
}

type Policy = 'Orphan' | 'Background' | 'Foreground';

function policyOf({ orphanDependents, propagationPolicy }: DeleteRequest): Policy | undefined {
  if (orphanDependents !== undefined) return orphanDependents ? 'Orphan' : 'Background';
  return propagationPolicy;
}

function standing(finalizers: readonly string[]): Policy | undefined {
  const first = finalizers.find((finalizer) => finalizer === orphan || finalizer === foreground);
  return first === undefined ? undefined : first === orphan ? 'Orphan' : 'Foreground';
}

function byKind(policy: 'background' | 'orphan' | undefined): Policy {
  return policy === 'orphan' ? 'Orphan' : 'Background';
}

/** Whether an update that leaves no finalizer ends an object that was only waiting for that. */
export function vanishes({ strategy }: ResourceDefinition, object: KubeObject, old: KubeObject): boolean {
  if ((object.metadata.finalizers ?? []).length > 0 || old.metadata.deletionTimestamp === undefined) return false;
  if ((old.metadata.deletionGracePeriodSeconds ?? 0) !== 0) return false;
  return strategy.termination?.pending(object) !== true;
}

export interface Finished {
  readonly current: Entry;
  /** What the update would have written: the answer. */
  readonly object: KubeObject;
  readonly dryRun: boolean;
}

/** Removes an object whose last finalizer an update took away; undefined when the store has moved on. */
export async function removeFinished(resource: Resource, { current, object, dryRun }: Finished): Promise<Entry | undefined> {
  const deleted = await removed(resource, current, dryRun);
  return deleted === undefined ? undefined : new MadeEntry(current, current.revision, object);
}
