/**
 * Volumes of files that the cluster writes: secrets, config maps, the pod's own fields, tokens. validateProjectionSources and
 * its relatives; trust bundles and certificates, whose gates are off, are dropped before.
 */
import type { Volume } from '../../../api/generated/types.ts';
import { forbiddenField, invalid, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { fieldRefErrors, resourceRefErrors, volumeFields } from './validate-field-refs.ts';
import { descendingErrors } from './validate-volume-sources.ts';

type Projected = NonNullable<Volume['projected']>;
type Source = NonNullable<Projected['sources']>[number];
type DownwardItem = NonNullable<NonNullable<Volume['downwardAPI']>['items']>[number];
interface Item {
  readonly key: string;
  readonly path: string;
  readonly mode?: number;
}
interface Files {
  readonly defaultMode?: number;
  readonly items?: readonly Item[];
}

function modeErrors(mode: number | undefined, at: Path): FieldError[] {
  return mode !== undefined && (mode < 0 || mode > 0o777)
    ? [invalid(at, mode, 'must be a number between 0 and 0777 (octal), both inclusive')]
    : [];
}

/** ValidateLocalNonReservedPath. */
function localPathErrors(path: string, at: Path): FieldError[] {
  const reserved = path.startsWith('..') && !path.startsWith('../');
  return [...descendingErrors(path, at), ...(reserved ? [invalid(at, path, "must not start with '..'")] : [])];
}

export function filesErrors({ defaultMode, items = [] }: Files, at: Path): FieldError[] {
  return [
    ...modeErrors(defaultMode, at.child('defaultMode')),
    ...items.flatMap((item, index) => itemErrors(item, at.child('items').index(index))),
  ];
}

/** validateKeyToPath. */
function itemErrors({ key, path, mode }: Item, at: Path): FieldError[] {
  return [
    ...(key === '' ? [required(at.child('key'))] : []),
    ...(path === '' ? [required(at.child('path'))] : []),
    ...localPathErrors(path, at.child('path')),
    ...modeErrors(mode, at.child('mode')),
  ];
}

/** Upstream names the list's owner, not the item. */
export function downwardErrors({ defaultMode, items = [] }: NonNullable<Volume['downwardAPI']>, at: Path): FieldError[] {
  return [...modeErrors(defaultMode, at.child('defaultMode')), ...items.flatMap((item) => downwardItemErrors(item, at))];
}

function downwardItemErrors({ path, mode, fieldRef, resourceFieldRef }: DownwardItem, at: Path): FieldError[] {
  const faults = path === '' ? [required(at.child('path'))] : [];
  faults.push(...localPathErrors(path, at.child('path')));
  if (fieldRef !== undefined) {
    faults.push(...fieldRefErrors(fieldRef, at.child('fieldRef'), volumeFields));
    if (resourceFieldRef !== undefined)
      faults.push(invalid(at, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'));
  } else if (resourceFieldRef !== undefined) faults.push(...resourceRefErrors(resourceFieldRef, at.child('resourceFieldRef'), true));
  else faults.push(required(at, 'one of fieldRef and resourceFieldRef is required'));
  return [...faults, ...modeErrors(mode, at.child('mode'))];
}

export function projectedErrors({ defaultMode, sources }: Projected, at: Path): FieldError[] {
  const paths = new Set<string>();
  /** Says so when another source has the path already; upstream then shows `owner`. */
  const claim = (path: string, owner = path): FieldError[] => {
    if (path === '') return [];
    if (paths.has(path)) return [invalid(at, owner, 'conflicting duplicate paths')];
    paths.add(path);
    return [];
  };
  return [
    ...modeErrors(defaultMode, at.child('defaultMode')),
    // of a projection of nothing there is a null
    ...((sources as Projected['sources'] | null) ?? []).flatMap((source, index) =>
      sourceErrors(source, { projection: at, own: at.child('sources').index(index), claim }),
    ),
  ];
}

interface Place {
  readonly projection: Path;
  readonly own: Path;
  readonly claim: (path: string, owner?: string) => FieldError[];
}

function sourceErrors(source: Source, { projection, own, claim }: Place): FieldError[] {
  const { downwardAPI, serviceAccountToken } = source;
  const faults: FieldError[] = [];
  for (const field of ['secret', 'configMap'] as const) {
    const files = source[field];
    if (files === undefined) continue;
    const { name = '', items = [] } = files;
    if (name === '') faults.push(required(own.child(field, 'name')));
    for (const [index, item] of items.entries())
      faults.push(...itemErrors(item, own.child(field, 'items').index(index)), ...claim(item.path, name));
  }
  for (const item of downwardAPI?.items ?? []) faults.push(...downwardItemErrors(item, own.child('downwardAPI')), ...claim(item.path));
  if (serviceAccountToken !== undefined) faults.push(...tokenErrors(serviceAccountToken, projection, own.child('serviceAccountToken')));
  if (Object.keys(source).length > 1) faults.push(forbiddenField(own, 'may not specify more than 1 volume type per source'));
  return faults;
}

function tokenErrors(token: NonNullable<Source['serviceAccountToken']>, projection: Path, own: Path): FieldError[] {
  const { expirationSeconds = 3600, path } = token;
  const field = own.child('expirationSeconds');
  const faults: FieldError[] = [];
  if (expirationSeconds < 600) faults.push(invalid(field, expirationSeconds, 'may not specify a duration less than 10 minutes'));
  if (expirationSeconds > 2 ** 32) faults.push(invalid(field, expirationSeconds, 'may not specify a duration larger than 2^32 seconds'));
  // Upstream names the projection here, not the token.
  const placed = projection.child('path');
  return [...faults, ...(path === '' ? [required(placed)] : localPathErrors(path, placed))];
}
