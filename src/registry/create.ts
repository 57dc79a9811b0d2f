/** Create, as apiserver pkg/endpoints/handlers/create.go and pkg/registry/generic/registry/store.go order its steps. */
import { alreadyExists, ApiError } from '../api/errors.ts';
import { type FieldError, invalidObject } from '../api/field-errors.ts';
import { cloneJson } from '../api/json.ts';
import type { KubeObject } from '../api/object.ts';
import { metadataFaults } from '../api/validate-metadata.ts';
import type { AdmissionRequest } from './admission.ts';
import { mutate, validate } from './admit.ts';
import type { RequestContext } from './context.ts';
import { kindInTexts, type Reservation } from './definition.ts';
import type { Resource } from './engine.ts';
import {
  dedupOwnerReferences,
  fillSystemFields,
  generateName,
  matchNamespace,
  metadataRules,
  ownMetadataFaults,
  wipeSystemFields,
} from './metadata.ts';
import type { Entry } from './store.ts';
import { completeObject, likeStored, put } from './writer.ts';

/** How often another generated name is tried when one is taken. */
const nameAttempts = 8;

export interface CreateRequest {
  readonly namespace: string;
  /** Private; given away. */
  readonly object: KubeObject;
  readonly context: RequestContext;
  readonly dryRun: boolean;
  /** A PUT or an apply of what is not there. */
  readonly byUpdate?: boolean;
  /** Nothing is reserved for it. */
  readonly unreserved?: boolean;
}

/** POST. */
export async function createObject(resource: Resource, request: CreateRequest): Promise<Entry> {
  const { object, context } = request;
  const meta = (object.metadata ??= {} as KubeObject['metadata']);
  wipeSystemFields(meta);
  matchNamespace(meta, request.namespace, resource.definition);
  dedupOwnerReferences(object, context, false);
  resource.definition.strategy.default?.(object);
  completeObject(resource.definition, object);
  resource.engine.fields.track(resource.definition, object, context);
  const admission = admissionRequest(resource, request);
  if (await mutate(resource.engine, admission)) {
    dedupOwnerReferences(object, context, true);
    resource.definition.strategy.default?.(object);
  }
  return insert(resource, request);
}

/** From the point where the object is complete but for its name: also the second half of a PUT that creates. */
export async function insert(resource: Resource, request: CreateRequest): Promise<Entry> {
  const { object } = request;
  if ((object.metadata.generateName ?? '') === '' || object.metadata.name) {
    return (await attempt(resource, request)) ?? failTaken(resource, object);
  }
  const { generateName: ofKind = (base: string) => generateName(base, resource.engine.random) } = resource.definition.strategy;
  let taken: KubeObject = object;
  for (let count = 0; count < nameAttempts; count++) {
    const copy = cloneJson(object);
    copy.metadata.name = ofKind(object.metadata.generateName ?? '');
    const entry = await attempt(resource, { ...request, object: copy });
    if (entry !== undefined) return entry;
    taken = copy;
  }
  return failTaken(resource, taken);
}

/** Undefined when the name is taken. */
async function attempt(resource: Resource, request: CreateRequest): Promise<Entry | undefined> {
  const { definition, engine, cache } = resource;
  const { object, context, dryRun } = request;
  const { strategy } = definition;
  fillSystemFields(object.metadata, engine.clock);
  const inContext = dryRun && context.dryRun !== true ? { ...context, dryRun } : context;
  const reservation = request.unreserved === true ? undefined : await strategy.beginCreate?.(object, inContext);
  return settle(
    reservation,
    async () => {
      strategy.prepareForCreate?.(object, context);
      check(resource, request, (await strategy.validateAmongOthers?.(object)) ?? []);
      for (const text of strategy.warnings?.(object, undefined) ?? []) context.warn(text);
      await validate(engine, admissionRequest(resource, request));
      const { name, namespace = '' } = object.metadata;
      if (dryRun && cache.get(namespace, name) !== undefined) return undefined;
      const version = takeVersion(object, dryRun || request.byUpdate === true);
      completeObject(definition, object);
      likeStored(definition, object);
      return put(resource, { namespace, name, object, expected: 0, dryRun, version, mayRepeat: context.mayRepeat });
    },
    () => dryRun,
  );
}

/**
 * What is created has no version yet: the store refuses one, which a dry run never asks and shows, nor an update that creates. What is
 * no number counts as none (apiserver pkg/storage/etcd3/store.go, Create).
 */
function takeVersion({ metadata }: KubeObject, mayHaveOne: boolean): number {
  const text = metadata.resourceVersion ?? '';
  delete (metadata as { resourceVersion?: string }).resourceVersion;
  const version = /^\d+$/.test(text) ? Number(text) : 0;
  if (version !== 0 && !mayHaveOne) throw new ApiError('Unknown', 'resourceVersion should not be set on objects to be created');
  return version;
}

function check({ definition }: Resource, { object, context }: CreateRequest, among: readonly FieldError[]): void {
  const { strategy } = definition;
  const faults = [
    ...metadataFaults(object.metadata, metadataRules(definition, 'create')),
    ...ownMetadataFaults(definition, object.metadata),
  ];
  const own = [...among, ...(strategy.validate?.(object, context) ?? [])];
  if (faults.length + own.length > 0) throw invalidObject(kindInTexts(definition), object.metadata.name ?? '', [...faults, ...own]);
}

/** Confirms a reservation when the write took place, and undoes it when not, or when `undone` says so afterwards. */
export async function settle(
  reservation: Reservation | undefined,
  write: () => Promise<Entry | undefined>,
  undone: () => boolean,
): Promise<Entry | undefined> {
  if (reservation === undefined) return write();
  let entry: Entry | undefined;
  try {
    entry = await write();
  } finally {
    await (entry === undefined || undone() ? reservation.rollback() : reservation.commit());
  }
  return entry;
}

function admissionRequest({ definition }: Resource, { object, namespace, context, dryRun }: CreateRequest): AdmissionRequest {
  const name = object.metadata.name ?? '';
  return {
    operation: 'CREATE',
    definition,
    subresource: '',
    // A namespace is created "in itself" (endpoints/handlers/create.go).
    namespace: definition.namespaced ? namespace : definition.group === '' && definition.resource === 'namespaces' ? name : '',
    name,
    object,
    old: undefined,
    context: dryRun && context.dryRun !== true ? { ...context, dryRun } : context,
  };
}

function failTaken({ definition, cache }: Resource, { metadata }: KubeObject): never {
  const { name, namespace = '', generateName: base = '' } = metadata;
  const { message, details } = alreadyExists(definition, name);
  if (base !== '') {
    throw new ApiError('AlreadyExists', `${message}, the server was not able to generate a unique name for the object`, {
      details: { ...details, retryAfterSeconds: 1 },
    });
  }
  const deleting = cache.get(namespace, name)?.object.metadata.deletionTimestamp !== undefined;
  throw new ApiError('AlreadyExists', deleting ? `object is being deleted: ${message}` : message, details === undefined ? {} : { details });
}
