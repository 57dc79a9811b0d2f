/** What the engine itself writes into metadata (apiserver pkg/registry/rest/meta.go, pkg/storage/names/generate.go). */
import { randomUUID } from 'node:crypto';
import { badRequest } from '../api/errors.ts';
import type { FieldError } from '../api/field-errors.ts';
import type { OwnerReference } from '../api/generated/types.ts';
import { jsonEqual } from '../api/json.ts';
import { pathSegmentFaults, subdomainName } from '../api/names.ts';
import type { KubeObject, ObjectMeta } from '../api/object.ts';
import { type MetadataRules, unqualifiedFinalizerFaults } from '../api/validate-metadata.ts';
import { type Clock, rfc3339 } from '../base/clock.ts';
import type { RequestContext } from './context.ts';
import type { ResourceDefinition } from './definition.ts';

/** Drops what only the server may set. */
export function wipeSystemFields(meta: ObjectMeta): void {
  delete meta.uid;
  delete meta.creationTimestamp;
  delete meta.deletionTimestamp;
  delete meta.deletionGracePeriodSeconds;
  delete meta.selfLink;
}

export function fillSystemFields(meta: ObjectMeta, clock: Clock): void {
  meta.uid = randomUUID();
  meta.creationTimestamp = rfc3339(clock.now());
}

/** The object's namespace becomes the request's; throws 400 when it says another one. */
export function matchNamespace(meta: ObjectMeta, namespace: string, { namespaced }: ResourceDefinition): void {
  const expected = namespaced ? namespace : '';
  const given = meta.namespace ?? '';
  if (given === expected) return;
  if (given !== '' && expected !== '')
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  if (expected === '') delete meta.namespace;
  else meta.namespace = expected;
}

const suffixLetters = 'bcdfghjklmnpqrstvwxz2456789';
const suffixLength = 5;
const maxBase = 63 - suffixLength;

/** `base` and five letters; vowels and what looks like them are left out. */
export function generateName(base: string, random: () => number): string {
  let name = base.slice(0, maxBase);
  for (let count = 0; count < suffixLength; count++) name += suffixLetters[Math.floor(random() * suffixLetters.length)] ?? 'x';
  return name;
}

/** Drops owner references that are there twice, and warns of it. */
export function dedupOwnerReferences(object: KubeObject, context: RequestContext, afterMutation: boolean): void {
  const references = object.metadata.ownerReferences;
  if (references === undefined || references.length < 2) return;
  const kept: OwnerReference[] = [];
  const dropped: string[] = [];
  for (const reference of references) {
    if (kept.some((other) => other.uid === reference.uid && jsonEqual(other, reference))) dropped.push(reference.uid);
    else kept.push(reference);
  }
  if (dropped.length === 0) return;
  object.metadata.ownerReferences = kept;
  context.warn(
    `.metadata.ownerReferences contains duplicate entries${afterMutation ? ' after mutating admission happens' : ''}; API server dedups owner references in 1.20+, ` +
      `and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${dropped.join(', ')}`,
  );
}

/** What a kind's metadata is held to. */
export function metadataRules({ strategy, namespaced }: ResourceDefinition, operation: 'create' | 'update'): MetadataRules {
  const isFree = operation === 'update' && strategy.namesOnCreateOnly === true;
  return { namespaced, name: isFree ? pathSegmentFaults : (strategy.validateName ?? subdomainName) };
}

/** What kinds of their own, besides the engine, ask of metadata. */
export function ownMetadataFaults({ strategy, schema }: ResourceDefinition, meta: ObjectMeta): FieldError[] {
  return schema.startsWith('io.k8s.api.') && strategy.anyFinalizers !== true ? unqualifiedFinalizerFaults(meta) : [];
}
