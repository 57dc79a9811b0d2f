/** Who owns which fields: metadata.managedFields as values (apimachinery pkg/util/managedfields/internal/managedfields.go). */
import { isMap } from './elements.ts';
import { type MaybeSet, readFieldSet, union, type FieldSet } from './field-set.ts';

export type Operation = 'Apply' | 'Update';

/** metav1.ManagedFieldsEntry as JSON. */
export interface ManagedFieldsEntry {
  readonly manager?: string;
  readonly operation?: string;
  readonly apiVersion?: string;
  readonly time?: string;
  readonly fieldsType?: string;
  readonly fieldsV1?: FieldSet;
  readonly subresource?: string;
}

export interface Manager {
  readonly name: string;
  readonly operation: Operation;
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string | undefined;
  readonly set: MaybeSet;
  /** The entry that says all this, when there is one. */
  readonly entry: ManagedFieldsEntry | undefined;
}

/** By {@link identityOf}. */
export type Managers = Map<string, Manager>;

/** Appliers are the same manager in every version of the API. */
export function identityOf({ name, operation, apiVersion, subresource }: Omit<Manager, 'set' | 'time' | 'entry'>): string {
  return `${name}\0${operation}\0${operation === 'Apply' ? '' : apiVersion}\0${subresource}`;
}

/** Entries of a stored object: they are taken as they are. */
export function storedManagers(entries: readonly ManagedFieldsEntry[] | undefined): Managers {
  const managers: Managers = new Map();
  for (const entry of entries ?? []) add(managers, entry, entry.fieldsV1);
  return managers;
}

function add(managers: Managers, entry: ManagedFieldsEntry, set: MaybeSet): void {
  const { manager: name = '', apiVersion = '', subresource = '', time } = entry;
  const operation = entry.operation as Operation;
  const manager = { name, operation, apiVersion, subresource, time, set, entry };
  managers.set(identityOf(manager), manager);
}

/** Entries as a client sent them; throws an Error, in upstream's words, for what is not allowed. */
export function sentManagers(entries: readonly ManagedFieldsEntry[]): Managers {
  const managers: Managers = new Map();
  for (const [index, entry] of entries.entries()) {
    if (!isMap(entry)) throw new Error('not an entry');
    const { operation, apiVersion = '', fieldsType = '', fieldsV1 } = entry;
    if (operation !== 'Apply' && operation !== 'Update') throw new Error('operation must be `Apply` or `Update`');
    if (apiVersion === '') throw new Error('apiVersion must not be empty');
    if (fieldsType === '') throw new Error(`missing fieldsType in managed fields entry ${String(index)}`);
    if (fieldsType !== 'FieldsV1')
      throw new Error(`invalid fieldsType ${JSON.stringify(fieldsType)} in managed fields entry ${String(index)}`);
    const set = readFieldSet(fieldsV1);
    add(managers, { ...entry, fieldsV1: set ?? {} }, set);
  }
  return managers;
}

/** True for the two ways to ask for a fresh start: no entry, or one that is empty. */
export function isReset(entries: readonly ManagedFieldsEntry[] | undefined): boolean {
  if (entries === undefined) return false;
  const [first, ...others] = entries;
  return first === undefined || (others.length === 0 && isMap(first) && Object.keys(first).length === 0);
}

/** Reading a body drops lists that are empty; of managers that would lose the wish for a fresh start. */
export function keepReset(sent: unknown, object: { metadata: { managedFields?: unknown } }): void {
  const metadata = isMap(sent) ? sent['metadata'] : undefined;
  const entries = isMap(metadata) ? metadata['managedFields'] : undefined;
  if (Array.isArray(entries) && entries.length === 0) object.metadata.managedFields = [];
}

/** The entries in upstream's order; undefined for none. Entries that did not change are the same objects. */
export function entriesOf(managers: Managers): readonly ManagedFieldsEntry[] | undefined {
  if (managers.size === 0) return undefined;
  return [...managers.values()].map(entryOf).sort(compareEntries);
}

/** The entry of a manager: its own when it did not change. */
export function entryOf({ name, operation, apiVersion, subresource, time, set, entry }: Manager): ManagedFieldsEntry {
  if (entry !== undefined) return entry;
  return {
    ...(name === '' ? {} : { manager: name }),
    operation,
    apiVersion,
    ...(time === undefined ? {} : { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: set ?? {},
    ...(subresource === '' ? {} : { subresource }),
  };
}

const byText = (a = '', b = ''): number => (a === b ? 0 : a < b ? -1 : 1);
/** RFC 3339 texts of UTC sort as they are; what a client wrote otherwise is read. */
const seconds = (time: string | undefined): number => (time === undefined ? 0 : Math.floor(Date.parse(time) / 1000));
const isUsual = (time: string | undefined): time is string => time?.length === 20 && time.endsWith('Z');
const byTime = (a: string | undefined, b: string | undefined): number => {
  if (a === b) return 0;
  return isUsual(a) && isUsual(b) ? byText(a, b) : seconds(a) - seconds(b);
};

function compareEntries(a: ManagedFieldsEntry, b: ManagedFieldsEntry): number {
  return (
    byText(a.operation, b.operation) ||
    byTime(a.time, b.time) ||
    byText(a.manager, b.manager) ||
    byText(a.apiVersion, b.apiVersion) ||
    byText(a.subresource, b.subresource)
  );
}

const maxUpdaters = 10;
const ancient = 'ancient-changes';

/** Puts the oldest updates together, one entry a version, when there are too many (capmanagers.go). */
export function capUpdaters(managers: Managers): void {
  if (managers.size <= maxUpdaters) return;
  const updaters = [...managers].filter(([, { operation }]) => operation === 'Update');
  if (updaters.length <= maxUpdaters) return;
  updaters.sort(([idA, a], [idB, b]) => byTime(a.time, b.time) || byText(idA, idB));
  const firsts = new Map<string, string>();
  let count = updaters.length;
  for (const [id, manager] of updaters) {
    if (count <= maxUpdaters) break;
    const { apiVersion, time } = manager;
    const first = firsts.get(apiVersion);
    if (first === undefined) {
      firsts.set(apiVersion, id);
      continue;
    }
    const bucket: Manager = { name: ancient, operation: 'Update', apiVersion, subresource: '', time, set: undefined, entry: undefined };
    const bucketId = identityOf(bucket);
    if (!managers.has(bucketId)) {
      managers.set(bucketId, { ...bucket, set: managers.get(first)?.set });
      managers.delete(first);
    }
    managers.set(bucketId, { ...bucket, set: union(manager.set, managers.get(bucketId)?.set) });
    if (id !== bucketId) managers.delete(id);
    count--;
  }
}
