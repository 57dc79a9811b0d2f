/** Query parameters and DeleteOptions bodies as values, checked as apimachinery pkg/apis/meta/v1/validation does. */
import { badRequest } from '../api/errors.ts';
import { type FieldError, forbiddenField, invalid, invalidObject, notSupported, path, required, tooLong } from '../api/field-errors.ts';
import { goQuoted } from '../api/go-text.ts';
import { isJsonObject } from '../api/json.ts';
import type { FieldValidation } from '../api/schema/decode.ts';
import type { DeleteRequest } from '../registry/store.ts';

export interface WriteParameters {
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly fieldValidation: FieldValidation;
  readonly force: boolean | undefined;
}

export interface ListParameters {
  readonly labelSelector: string;
  readonly fieldSelector: string;
  readonly limit: number | undefined;
  readonly continue: string;
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  readonly sendInitialEvents: boolean | undefined;
  readonly allowWatchBookmarks: boolean;
  readonly timeoutSeconds: number | undefined;
  readonly watch: boolean;
}

const metaGroup = 'meta.k8s.io';
const nothing: WriteParameters = Object.freeze({ dryRun: false, fieldManager: '', fieldValidation: 'Warn', force: undefined });

/** `patchType` '' for create and update. Throws 422 for values that are not allowed. */
export function writeParameters(query: URLSearchParams, optionsKind: string, patchType = ''): WriteParameters {
  if (query.size === 0 && patchType !== 'application/apply-patch+yaml') return nothing;
  const fieldManager = query.get('fieldManager') ?? '';
  const dryRun = query.getAll('dryRun');
  const fieldValidation = query.get('fieldValidation') ?? '';
  const force = booleanOf(query, 'force');
  const faults: FieldError[] = [];
  if (patchType === 'application/apply-patch+yaml') {
    if (fieldManager === '') faults.push(required(path('fieldManager'), 'is required for apply patch'));
  } else if (patchType !== '' && force !== undefined)
    faults.push(forbiddenField(path('force'), 'may not be specified for non-apply patch'));
  faults.push(...fieldManagerFaults(fieldManager), ...dryRunFaults(dryRun));
  if (!['', 'Ignore', 'Warn', 'Strict'].includes(fieldValidation)) {
    faults.push(notSupported(path('fieldValidation'), fieldValidation, ['', 'Ignore', 'Strict', 'Warn']));
  }
  if (faults.length > 0) throw invalidObject({ group: metaGroup, kind: optionsKind }, '', faults);
  return {
    dryRun: dryRun.length > 0,
    fieldManager,
    fieldValidation: fieldValidation === '' ? 'Warn' : (fieldValidation as FieldValidation),
    force,
  };
}

function fieldManagerFaults(manager: string): FieldError[] {
  const faults: FieldError[] = [];
  if (Buffer.byteLength(manager) > 128) faults.push(tooLong(path('fieldManager'), 128));
  let position = 0;
  for (const char of manager) {
    if (/[\p{C}\p{Zl}\p{Zp}]/u.test(char)) {
      const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
      faults.push(invalid(path('fieldManager'), manager, `invalid character U+${code} (at position ${String(position)})`));
    }
    position += Buffer.byteLength(char);
  }
  return faults;
}

function dryRunFaults(values: readonly string[]): FieldError[] {
  return values.every((value) => value === 'All') ? [] : [notSupported(path('dryRun'), values, ['All'])];
}

/** Throws 400 for values that cannot be read, 422 for combinations that are not allowed. */
export function listParameters(query: URLSearchParams): ListParameters {
  const isWatch = booleanOf(query, 'watch') ?? false;
  const parameters = withDefaults({
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector: query.get('fieldSelector') ?? '',
    limit: integerOf(query, 'limit'),
    continue: query.get('continue') ?? '',
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
    sendInitialEvents: booleanOf(query, 'sendInitialEvents'),
    allowWatchBookmarks: booleanOf(query, 'allowWatchBookmarks') ?? false,
    timeoutSeconds: integerOf(query, 'timeoutSeconds'),
    watch: isWatch,
  });
  const faults = isWatch ? watchFaults(parameters) : listFaults(parameters);
  if (faults.length > 0) throw invalidObject({ group: metaGroup, kind: 'ListOptions' }, '', faults);
  return parameters;
}

/** Watches from anywhere show what is there first (apimachinery pkg/apis/meta/internalversion/defaults.go). */
function withDefaults(parameters: ListParameters): ListParameters {
  const { watch, resourceVersion, resourceVersionMatch, sendInitialEvents } = parameters;
  const isAnywhere = resourceVersion === '' || resourceVersion === '0';
  if (!watch || !isAnywhere || sendInitialEvents !== undefined || resourceVersionMatch !== '') return parameters;
  return { ...parameters, sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' };
}

const matchPath = path('resourceVersionMatch');

function listFaults(parameters: ListParameters): FieldError[] {
  const { resourceVersionMatch: match, resourceVersion, sendInitialEvents } = parameters;
  const faults: FieldError[] = [];
  if (match !== '') {
    if (resourceVersion === '')
      faults.push(forbiddenField(matchPath, 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
    if (parameters.continue !== '') faults.push(forbiddenField(matchPath, 'resourceVersionMatch is forbidden when continue is provided'));
    if (match !== 'Exact' && match !== 'NotOlderThan') faults.push(notSupported(matchPath, match, ['Exact', 'NotOlderThan', '']));
    if (match === 'Exact' && resourceVersion === '0') {
      faults.push(forbiddenField(matchPath, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
    }
  }
  if (sendInitialEvents !== undefined) faults.push(forbiddenField(path('sendInitialEvents'), 'sendInitialEvents is forbidden for list'));
  return faults;
}

function watchFaults(parameters: ListParameters): FieldError[] {
  const { resourceVersionMatch: match, sendInitialEvents } = parameters;
  const faults: FieldError[] = [];
  if (sendInitialEvents !== undefined && match !== 'NotOlderThan') {
    faults.push(forbiddenField(matchPath, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
  }
  if (match === '') return faults;
  if (sendInitialEvents === undefined) {
    faults.push(forbiddenField(matchPath, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'));
  }
  if (match !== 'NotOlderThan') faults.push(notSupported(matchPath, match, ['NotOlderThan']));
  if (parameters.continue !== '') faults.push(forbiddenField(matchPath, 'resourceVersionMatch is forbidden when continue is provided'));
  return faults;
}

/** Go's conversion of query parameters: anything but false and 0 is true. */
export function booleanOf(query: URLSearchParams, name: string): boolean | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  return !(value.toLowerCase() === 'false' || value === '0');
}

export function integerOf(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null || value === '') return undefined;
  const isNumber = /^[+-]?\d+$/.test(value);
  if (isNumber && BigInt.asIntN(64, BigInt(value)) === BigInt(value)) return Number(value);
  throw badRequest(`strconv.ParseInt: parsing ${goQuoted(value)}: ${isNumber ? 'value out of range' : 'invalid syntax'}`);
}

/** DeleteOptions of the body when there is one, else of the query. Throws 400 and 422. */
export function deleteParameters(body: Readonly<Record<string, unknown>> | undefined, query: URLSearchParams): DeleteRequest {
  const given = body === undefined ? fromQuery(query) : fromBody(body);
  const faults: FieldError[] = [];
  const { propagationPolicy: policy, orphanDependents, dryRun } = given;
  if (orphanDependents !== undefined && policy !== undefined) {
    faults.push(invalid(path('propagationPolicy'), policy, 'orphanDependents and deletionPropagation cannot be both set'));
  }
  if (policy !== undefined && !['Foreground', 'Background', 'Orphan'].includes(policy)) {
    faults.push(notSupported(path('propagationPolicy'), policy, ['Foreground', 'Background', 'Orphan', 'nil']));
  }
  faults.push(...dryRunFaults(dryRun));
  if (faults.length > 0) throw invalidObject({ group: metaGroup, kind: 'DeleteOptions' }, '', faults);
  return {
    ...(dryRun.length > 0 ? { dryRun: true } : {}),
    ...(given.gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds: given.gracePeriodSeconds }),
    ...(policy === undefined ? {} : { propagationPolicy: policy as 'Orphan' | 'Background' | 'Foreground' }),
    ...(orphanDependents === undefined ? {} : { orphanDependents }),
    ...(given.preconditions === undefined ? {} : { preconditions: given.preconditions }),
  };
}

interface GivenDeleteOptions {
  readonly gracePeriodSeconds?: number | undefined;
  readonly propagationPolicy?: string | undefined;
  readonly orphanDependents?: boolean | undefined;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string } | undefined;
  readonly dryRun: readonly string[];
}

function fromQuery(query: URLSearchParams): GivenDeleteOptions {
  if (query.size === 0) return { dryRun: [] };
  return {
    gracePeriodSeconds: integerOf(query, 'gracePeriodSeconds'),
    propagationPolicy: query.get('propagationPolicy') ?? undefined,
    orphanDependents: booleanOf(query, 'orphanDependents'),
    dryRun: query.getAll('dryRun'),
  };
}

function fromBody(body: Readonly<Record<string, unknown>>): GivenDeleteOptions {
  const { gracePeriodSeconds: grace, propagationPolicy: policy, orphanDependents: orphan, preconditions, dryRun } = body;
  return {
    gracePeriodSeconds: typeof grace === 'number' ? grace : undefined,
    propagationPolicy: typeof policy === 'string' ? policy : undefined,
    orphanDependents: typeof orphan === 'boolean' ? orphan : undefined,
    preconditions: isJsonObject(preconditions) ? preconditions : undefined,
    dryRun: Array.isArray(dryRun) ? dryRun.map(String) : [],
  };
}
