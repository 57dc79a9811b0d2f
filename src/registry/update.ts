/** Update, as apiserver pkg/registry/generic/registry/store.go and pkg/registry/rest/update.go order its steps. */
import { ApiError, badRequest, conflict, notFound } from '../api/errors.ts';
import { type FieldError, invalid, invalidObject, path } from '../api/field-errors.ts';
import { cloneJson, jsonEqual } from '../api/json.ts';
import type { ManagedFieldsEntry } from '../api/managed-fields/managers.ts';
import { apiVersionOf, type KubeObject } from '../api/object.ts';
import { complete } from '../api/schema/complete.ts';
import { metadataFaults, metadataUpdateFaults } from '../api/validate-metadata.ts';
import type { AdmissionRequest } from './admission.ts';
import { mutate, validate } from './admit.ts';
import type { RequestContext } from './context.ts';
import { kindInTexts, type Strategy } from './definition.ts';
import { insert, settle } from './create.ts';
import { removeFinished, vanishes } from './delete.ts';
import type { Resource } from './engine.ts';
import { ignoreTimes, setManagedFields } from './managed-fields.ts';
import { parentEntries, scaleEntries } from './managed-fields-scale.ts';
import { MadeEntry } from './made-entry.ts';
import { dedupOwnerReferences, matchNamespace, metadataRules, ownMetadataFaults } from './metadata.ts';
import { scaleOf, scaleSchema, withScale } from './scale.ts';
import type { Entry, UpdateRequest } from './store.ts';
import { completeObject, likeStored, put } from './writer.ts';

const modified = 'the object has been modified; please apply your changes to the latest version and try again';

type ManagedFields = readonly ManagedFieldsEntry[] | undefined;

export interface Updated {
  readonly entry: Entry;
  readonly created: boolean;
}

/** Everything that stays the same over the attempts of one update. */
interface Update {
  readonly resource: Resource;
  readonly request: UpdateRequest;
  readonly context: RequestContext;
  readonly dryRun: boolean;
}

/** PUT and PATCH, of the object or of a subresource. Tried again, from the newest state, as long as others are faster. */
export async function updateObject(resource: Resource, request: UpdateRequest, context: RequestContext): Promise<Updated> {
  const dryRun = request.dryRun === true || context.dryRun === true;
  const update: Update = { resource, request, context: dryRun && context.dryRun !== true ? { ...context, dryRun } : context, dryRun };
  for (;;) {
    const done = await attempt(update);
    if (done !== undefined) return done;
    await resource.engine.cache.waitForNewest();
    context.signal?.throwIfAborted();
  }
}

async function attempt(update: Update): Promise<Updated | undefined> {
  const { resource, request } = update;
  const stored = resource.cache.get(request.namespace, request.name);
  if (stored === undefined) return createMissing(update);
  const current = resource.view.served(stored);
  if (request.subresource === 'scale') return scaled(update, current);
  const entry = await replace(update, current, await proposed(update, current.object));
  return entry === undefined ? undefined : { entry, created: false };
}

/** A write through the Scale: field owners are found there and taken over. */
async function scaled(update: Update, current: Entry): Promise<Updated | undefined> {
  const { definition, engine } = update.resource;
  const { object } = current;
  const scale = scaleOf(definition, object);
  const entries = object.metadata.managedFields as ManagedFields;
  setManagedFields(scale, scaleEntries(entries, apiVersionOf(definition)));
  const wanted = await proposed(update, scale);
  const next = withScale(definition, object, wanted);
  if (update.request.apply === undefined) {
    complete(wanted, scaleSchema());
    setManagedFields(wanted, engine.fields.of(definition, 'scale').update(scale, wanted, engine.fields.writer(update.context)));
  }
  setManagedFields(next, parentEntries(entries, wanted.metadata.managedFields, apiVersionOf(definition)));
  const entry = await replace(update, current, next);
  return entry === undefined
    ? undefined
    : { entry: new MadeEntry(entry, entry.revision, scaleOf(definition, entry.object)), created: false };
}

/** What the writer wants in place of `live`; after an apply its managed fields are set already. */
async function proposed({ request, resource, context }: Update, live: KubeObject | undefined): Promise<KubeObject> {
  if (request.apply === undefined) return request.update(live);
  const { fields } = resource.engine;
  const applied = fields.of(resource.definition, request.subresource).apply({ live, ...request.apply, ...fields.writer(context) });
  const object = await request.update(applied.object as unknown as KubeObject);
  setManagedFields(object, applied.managedFields);
  return object;
}

/** Moves field owners, unless the writer's own step has done it. */
function track({ request, resource, context }: Update, object: KubeObject, old: KubeObject | undefined): void {
  const { definition, engine } = resource;
  completeObject(definition, object);
  if (request.apply !== undefined || request.subresource === 'scale') return;
  setManagedFields(object, engine.fields.of(definition, request.subresource).update(old, object, engine.fields.writer(context)));
}

async function createMissing(update: Update): Promise<Updated> {
  const { resource, request, context, dryRun } = update;
  const { definition, engine } = resource;
  const { subresource } = request;
  const byKind = definition.strategy.allowCreateOnUpdate === true && (subresource === '' || subresource === 'status');
  const allowed = byKind || (subresource === '' && request.forceAllowCreate === true);
  if (!allowed) {
    // A PUT says whose name it bears before anybody looks for the object (apiserver pkg/endpoints/handlers/update.go, checkName).
    if (!request.retryOnConflict && request.apply === undefined) checkIdentity(update, await request.update(undefined));
    throw notFound(definition, request.name);
  }
  const object = await proposed(update, undefined);
  const uid = object.metadata?.uid ?? '';
  if (uid !== '' && request.apply !== undefined)
    throw conflict(definition, request.name, `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`);
  checkIdentity(update, object);
  if (uid !== '') throw uidConflict(update, uid, '');
  definition.strategy.default?.(object);
  track(update, object, undefined);
  if (await mutate(engine, admissionRequest(update, 'CREATE', { object, old: undefined }))) {
    dedupOwnerReferences(object, context, true);
    definition.strategy.default?.(object);
  }
  const { namespace } = request;
  // through its status a kind is created without what belongs to its creation, as upstream
  return {
    entry: await insert(resource, { namespace, object, context, dryRun, byUpdate: true, unreserved: subresource !== '' }),
    created: true,
  };
}

/** Undefined when the store has moved on. */
async function replace(update: Update, current: Entry, object: KubeObject): Promise<Entry | undefined> {
  const { resource, request, context, dryRun } = update;
  const { definition, engine } = resource;
  const { strategy } = definition;
  const old = current.object;
  checkIdentity(update, object);
  const uid = object.metadata.uid ?? '';
  if (uid !== '' && uid !== old.metadata.uid && !request.retryOnConflict) throw uidConflict(update, uid, old.metadata.uid);
  dedupOwnerReferences(object, context, false);
  strategy.default?.(object);
  track(update, object, old);
  const admitted = admissionRequest(update, 'UPDATE', { object, old });
  if (await mutate(engine, admitted)) {
    dedupOwnerReferences(object, context, true);
    strategy.default?.(object);
  }
  checkVersion(update, object, old);
  completeObject(definition, object);
  const reservation = request.subresource === '' ? await strategy.beginUpdate?.(object, old, context) : undefined;
  let ends = false;
  return settle(
    reservation,
    async () => {
      prepare(update, object, old);
      ignoreTimes(object, old);
      const amongOthers = request.subresource === 'status' ? await strategy.validateStatusAmongOthers?.(object, old) : undefined;
      check(update, { object, old, amongOthers });
      await validate(engine, admitted);
      ends = vanishes(definition, object, old);
      if (ends) return removeFinished(resource, { current, object, dryRun });
      likeStored(definition, object);
      if (same(object, old)) return current;
      const { namespace, name } = request;
      return put(resource, { namespace, name, object, expected: current.revision, dryRun, mayRepeat: context.mayRepeat });
    },
    () => dryRun || ends,
  );
}

function checkIdentity({ request, resource }: Update, object: KubeObject): void {
  const meta = (object.metadata ??= {} as KubeObject['metadata']);
  matchNamespace(meta, request.namespace, resource.definition);
  if (meta.name === request.name) return;
  if ((meta.name ?? '') === '')
    throw badRequest(`the name of the object (${request.name} based on URL) was undeterminable: name must be provided`);
  throw badRequest(`the name of the object (${meta.name}) does not match the name on the URL (${request.name})`);
}

function checkVersion({ request, resource }: Update, object: KubeObject, old: KubeObject): void {
  const { definition } = resource;
  const given = object.metadata.resourceVersion ?? '';
  if (!/^\d*$/.test(given)) throw new ApiError('Unknown', `strconv.ParseUint: parsing ${JSON.stringify(given)}: invalid syntax`);
  if (given === '' || given === '0') {
    if (definition.strategy.allowUnconditionalUpdate === false) {
      const fault = invalid(path('metadata', 'resourceVersion'), 0, 'must be specified for an update');
      throw invalidObject({ group: definition.group, kind: definition.resource }, request.name, [fault]);
    }
    object.metadata.resourceVersion = old.metadata.resourceVersion;
  } else if (given !== old.metadata.resourceVersion) throw conflict(definition, request.name, modified);
}

function uidConflict({ request, resource, dryRun }: Update, asked: string, actual: string): ApiError {
  const stored = resource.cache.keyOf(request.namespace, request.name);
  // A dry run asks above the store, which is what puts its prefix before keys.
  const key = dryRun ? stored.replace(/^\/registry/, '') : stored;
  const why = `Precondition failed: UID in precondition: ${asked}, UID in object meta: ${actual}`;
  return conflict(
    resource.definition,
    request.name,
    `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`,
  );
}

/** What the kind takes over from the old object, and what nobody can change. */
function prepare({ request, resource, context }: Update, object: KubeObject, old: KubeObject): void {
  const { strategy, subresources } = resource.definition;
  const { managedFields } = object.metadata;
  keep(object, old, 'generation');
  if (request.subresource === '' || request.subresource === 'scale') strategy.prepareForUpdate?.(object, old, context);
  else if (request.subresource === 'status') {
    if (strategy.prepareForStatusUpdate !== undefined) strategy.prepareForStatusUpdate(object, old, context);
    else onlyStatus(object, old);
    keepMetadata(object, old, strategy.statusKeeps);
  } else subresources?.find(({ name }) => name === request.subresource)?.prepareForUpdate?.(object, old, context);
  const meta = object.metadata;
  setManagedFields(object, managedFields);
  if ((meta.uid ?? '') === '') meta.uid = old.metadata.uid;
  meta.creationTimestamp = old.metadata.creationTimestamp;
  if (old.metadata.deletionTimestamp !== undefined) meta.deletionTimestamp = old.metadata.deletionTimestamp;
  if (meta.deletionGracePeriodSeconds === undefined) keep(object, old, 'deletionGracePeriodSeconds');
}

function keep(object: KubeObject, old: KubeObject, field: 'generation' | 'deletionGracePeriodSeconds'): void {
  const value = old.metadata[field];
  if (value === undefined) delete object.metadata[field];
  else object.metadata[field] = value;
}

const ofStatus: ReadonlySet<string> = new Set(['status', 'metadata', 'kind', 'apiVersion']);

/** The default of a status update: everything but status and metadata comes from the old object. */
function onlyStatus(object: KubeObject, old: KubeObject): void {
  for (const field of Object.keys(object)) if (!(field in old) && !ofStatus.has(field)) delete object[field];
  for (const field of Object.keys(old)) if (!ofStatus.has(field)) object[field] = cloneJson(old[field]);
}

/** Of metadata what the kind says comes from the old object. */
function keepMetadata(object: KubeObject, old: KubeObject, keeps: Strategy['statusKeeps']): void {
  for (const field of keeps === undefined ? [] : keeps === 'labels' ? (['labels'] as const) : keptMetadata) {
    const value = old.metadata[field];
    if (value === undefined) delete object.metadata[field];
    else Object.assign(object.metadata, { [field]: cloneJson(value) });
  }
}

/** What apimachinery's ResetObjectMetaForStatus puts back. */
const keptMetadata = ['deletionTimestamp', 'generation', 'labels', 'annotations', 'finalizers', 'ownerReferences'] as const;

interface Check {
  readonly object: KubeObject;
  readonly old: KubeObject;
  /** What only other objects could tell. */
  readonly amongOthers: readonly FieldError[] | undefined;
}

function check({ request, resource, context }: Update, { object, old, amongOthers = [] }: Check): void {
  const { definition } = resource;
  const { strategy } = definition;
  const updateFaults = metadataUpdateFaults(object.metadata, old.metadata);
  // Upstream's engine and its kinds check the same, and the causes of its answers show both (rest.BeforeUpdate).
  const faults = [...metadataFaults(object.metadata, metadataRules(definition, 'update')), ...updateFaults, ...updateFaults];
  faults.push(...ownMetadataFaults(definition, object.metadata), ...amongOthers, ...ownFaults({ request, resource, context }, object, old));
  if (faults.length > 0) throw invalidObject(kindInTexts(definition), object.metadata.name, faults);
  for (const text of ownWarnings(request.subresource, strategy, { object, old })) context.warn(text);
}

function ownWarnings(subresource: string, strategy: Strategy, { object, old }: { object: KubeObject; old: KubeObject }): string[] {
  if (subresource === 'status') return strategy.statusWarnings?.(object) ?? [];
  return subresource === '' ? (strategy.warnings?.(object, old) ?? []) : [];
}

function ownFaults({ request, resource, context }: Omit<Update, 'dryRun'>, object: KubeObject, old: KubeObject): FieldError[] {
  const { strategy, subresources } = resource.definition;
  if (request.subresource === 'status') return strategy.validateStatusUpdate?.(object, old, context) ?? [];
  if (request.subresource === '' || request.subresource === 'scale') {
    return strategy.validateUpdate?.(object, old, context) ?? strategy.validate?.(object, context) ?? [];
  }
  return subresources?.find(({ name }) => name === request.subresource)?.validateUpdate?.(object, old, context) ?? [];
}

function admissionRequest(
  { request, resource, context }: Update,
  operation: 'CREATE' | 'UPDATE',
  { object, old }: Pick<AdmissionRequest, 'object' | 'old'>,
): AdmissionRequest {
  const { definition } = resource;
  const { name, namespace, subresource } = request;
  return {
    operation,
    definition,
    subresource,
    namespace: definition.resource === 'namespaces' && definition.group === '' ? name : namespace,
    name,
    object,
    old,
    context,
  };
}

/** Nothing but the form has changed: nothing is written, and the version stays. */
function same(object: KubeObject, old: KubeObject): boolean {
  const { kind: _kind, apiVersion: _apiVersion, ...fields } = object;
  return jsonEqual(fields, old);
}
