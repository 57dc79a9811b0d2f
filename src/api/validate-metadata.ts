/** Faults of object metadata, labels and selectors (apimachinery pkg/api/validation/objectmeta.go, pkg/apis/meta/v1/validation). */
import { forbiddenField, invalid, type FieldError, path, type Path, required, tooLong } from './field-errors.ts';
import type { LabelSelector, OwnerReference } from './generated/types.ts';
import { labelName, labelValueFaults, qualifiedNameFaults } from './names.ts';
import type { ObjectMeta } from './object.ts';
import { parseApiVersion } from './object.ts';

/** Faults of a name; `prefix`: a generated suffix will follow. */
export type NameRule = (name: string, prefix: boolean) => string[];

export interface MetadataRules {
  readonly namespaced: boolean;
  readonly name: NameRule;
}

const annotationBytes = 256 * 1024;
const orphanFinalizer = 'orphan';
const foregroundFinalizer = 'foregroundDeletion';
export const immutableFault = 'field is immutable';

/** All faults of metadata as it would be stored: names are generated already. */
export function metadataFaults(meta: ObjectMeta, { namespaced, name: nameRule }: MetadataRules): FieldError[] {
  const at = path('metadata');
  const faults: FieldError[] = [];
  const { generateName = '', name = '' } = meta;
  if (generateName !== '')
    for (const fault of nameRule(generateName, true)) faults.push(invalid(at.child('generateName'), generateName, fault));
  if (name === '') faults.push(required(at.child('name'), 'name or generateName is required'));
  else for (const fault of nameRule(name, false)) faults.push(invalid(at.child('name'), name, fault));
  faults.push(...namespaceFaults(meta.namespace ?? '', namespaced, at.child('namespace')));
  if ((meta.generation ?? 0) < 0) faults.push(invalid(at.child('generation'), meta.generation, 'must be greater than or equal to 0'));
  if (meta.labels !== undefined) faults.push(...labelsFaults(meta.labels, at.child('labels')));
  if (meta.annotations !== undefined) faults.push(...annotationsFaults(meta.annotations, at.child('annotations')));
  if (meta.ownerReferences !== undefined) faults.push(...ownerReferencesFaults(meta.ownerReferences, at.child('ownerReferences')));
  if (meta.finalizers !== undefined) faults.push(...finalizersFaults(meta.finalizers, at.child('finalizers')));
  return faults;
}

const standardFinalizers: ReadonlySet<string> = new Set(['kubernetes', orphanFinalizer, foregroundFinalizer]);

/** Finalizers must be upstream's own or carry a domain; most built-in kinds ask this for themselves (pkg/apis/core/validation). */
export function unqualifiedFinalizerFaults({ finalizers = [] }: ObjectMeta): FieldError[] {
  const at = path('metadata', 'finalizers');
  return finalizers.flatMap((finalizer, index) =>
    finalizer.includes('/') || standardFinalizers.has(finalizer)
      ? []
      : [invalid(at.index(index), finalizer, 'name is neither a standard finalizer name nor is it fully qualified')],
  );
}

function namespaceFaults(namespace: string, namespaced: boolean, at: Path): FieldError[] {
  if (!namespaced) return namespace === '' ? [] : [forbiddenField(at, 'not allowed on this type')];
  if (namespace === '') return [required(at)];
  return labelName(namespace, false).map((fault) => invalid(at, namespace, fault));
}

/** What an update may not do to metadata, and what it may not leave there; {@link metadataFaults} come besides. */
export function metadataUpdateFaults(meta: ObjectMeta, old: ObjectMeta): FieldError[] {
  const at = path('metadata');
  const faults: FieldError[] = [];
  if (old.deletionTimestamp !== undefined) {
    const added = (meta.finalizers ?? []).filter((finalizer) => !(old.finalizers ?? []).includes(finalizer)).sort();
    if (added.length > 0) faults.push(forbiddenField(at.child('finalizers'), newFinalizers(added)));
  }
  if ((meta.resourceVersion ?? '') === '') faults.push(invalid(at.child('resourceVersion'), '', 'must be specified for an update'));
  if ((meta.generation ?? 0) < (old.generation ?? 0))
    faults.push(invalid(at.child('generation'), meta.generation ?? 0, 'must not be decremented'));
  const immutable = ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const;
  for (const field of immutable)
    if ((meta[field] ?? '') !== (old[field] ?? '')) faults.push(invalid(at.child(field), meta[field], immutableFault));
  if (meta.labels !== undefined) faults.push(...labelsFaults(meta.labels, at.child('labels')));
  if (meta.annotations !== undefined) faults.push(...annotationsFaults(meta.annotations, at.child('annotations')));
  if (meta.ownerReferences !== undefined) faults.push(...ownerReferencesFaults(meta.ownerReferences, at.child('ownerReferences')));
  return faults;
}

function newFinalizers(added: readonly string[]): string {
  const list = added.map((finalizer) => JSON.stringify(finalizer)).join(', ');
  return `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`;
}

export function labelsFaults(labels: Readonly<Record<string, string>>, at: Path): FieldError[] {
  const faults: FieldError[] = [];
  for (const key in labels) {
    const value = labels[key] ?? '';
    for (const fault of qualifiedNameFaults(key)) faults.push(invalid(at, key, fault));
    for (const fault of labelValueFaults(value)) faults.push(invalid(at, value, fault));
  }
  return faults;
}

export function annotationsFaults(annotations: Readonly<Record<string, string>>, at: Path): FieldError[] {
  const faults: FieldError[] = [];
  let size = 0;
  for (const key in annotations) {
    for (const fault of qualifiedNameFaults(key.toLowerCase())) faults.push(invalid(at, key, fault));
    size += Buffer.byteLength(key) + Buffer.byteLength(annotations[key] ?? '');
  }
  if (size > annotationBytes) faults.push(tooLong(at, annotationBytes));
  return faults;
}

function ownerReferencesFaults(references: readonly OwnerReference[], at: Path): FieldError[] {
  const faults: FieldError[] = [];
  let controller = '';
  for (const reference of references) {
    faults.push(...ownerReferenceFaults(reference, at));
    if (reference.controller !== true) continue;
    const shown = `${reference.kind}/${reference.name}`;
    if (controller === '') controller = shown;
    else
      faults.push(
        invalid(
          at,
          references,
          `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${shown}`,
        ),
      );
  }
  return faults;
}

function ownerReferenceFaults(reference: OwnerReference, at: Path): FieldError[] {
  const faults: FieldError[] = [];
  const { apiVersion = '', kind = '', name = '', uid = '' } = reference as Partial<OwnerReference>;
  const version = parseApiVersion(apiVersion)?.version ?? '';
  if (version === '') faults.push(invalid(at.child('apiVersion'), apiVersion, 'version must not be empty'));
  if (kind === '') faults.push(invalid(at.child('kind'), kind, 'must not be empty'));
  if (name === '') faults.push(invalid(at.child('name'), name, 'must not be empty'));
  if (uid === '') faults.push(invalid(at.child('uid'), uid, 'must not be empty'));
  if (apiVersion === 'v1' && kind === 'Event') faults.push(invalid(at, reference, '/v1, Kind=Event is disallowed from being an owner'));
  return faults;
}

export function finalizersFaults(finalizers: readonly string[], at: Path): FieldError[] {
  const faults = finalizers.flatMap((finalizer) => qualifiedNameFaults(finalizer).map((fault) => invalid(at, finalizer, fault)));
  if (finalizers.includes(orphanFinalizer) && finalizers.includes(foregroundFinalizer)) {
    faults.push(invalid(at, finalizers, `finalizer ${orphanFinalizer} and ${foregroundFinalizer} cannot be both set`));
  }
  return faults;
}

export interface SelectorRules {
  /** Label values that are none pass (old objects). */
  readonly allowInvalidValues?: boolean;
}

export function labelSelectorFaults(selector: LabelSelector | undefined, at: Path, rules: SelectorRules = {}): FieldError[] {
  if (selector === undefined) return [];
  const faults = labelsFaults(selector.matchLabels ?? {}, at.child('matchLabels'));
  (selector.matchExpressions ?? []).forEach((expression, index) => {
    faults.push(...expressionFaults(expression, at.child('matchExpressions').index(index), rules));
  });
  return faults;
}

function expressionFaults(
  { key, operator, values = [] }: { readonly key: string; readonly operator: string; readonly values?: readonly string[] },
  at: Path,
  rules: SelectorRules,
): FieldError[] {
  const faults: FieldError[] = [];
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) faults.push(required(at.child('values'), "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0)
      faults.push(forbiddenField(at.child('values'), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  } else faults.push(invalid(at.child('operator'), operator, 'not a valid selector operator'));
  for (const fault of qualifiedNameFaults(key)) faults.push(invalid(at.child('key'), key, fault));
  if (rules.allowInvalidValues !== true) {
    values.forEach((value, index) => {
      for (const fault of labelValueFaults(value)) faults.push(invalid(at.child('values').index(index), value, fault));
    });
  }
  return faults;
}
