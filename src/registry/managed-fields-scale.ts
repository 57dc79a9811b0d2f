/** Managed fields of a Scale and of the object it is a view of (apimachinery pkg/util/managedfields/scalehandler.go). */
import { difference, has, setOfPath } from '../api/managed-fields/field-set.ts';
import { entriesOf, type ManagedFieldsEntry, type Managers, storedManagers } from '../api/managed-fields/managers.ts';
import { fieldKey } from '../api/managed-fields/path-element.ts';

type Entries = readonly ManagedFieldsEntry[] | undefined;

const scaleVersion = 'autoscaling/v1';
/** In the Scale, and in every built-in kind that has one. */
const replicas = [fieldKey('spec'), fieldKey('replicas')];
const replicasSet = setOfPath(replicas);

/** Who owns the replicas, as the Scale shows it. `apiVersion` is the parent's; entries of other versions do not count. */
export function scaleEntries(parent: Entries, apiVersion: string): Entries {
  const owners: Managers = new Map();
  for (const [id, manager] of storedManagers(parent)) {
    if (manager.apiVersion !== apiVersion || !has(manager.set, replicas)) continue;
    owners.set(id, { ...manager, apiVersion: scaleVersion, set: replicasSet, entry: undefined });
  }
  return entriesOf(owners);
}

/**
 * The parent's entries after a write of its Scale. Whoever owns the replicas by an update of the parent is another manager in the Scale's
 * version: such an owner is found again only as a new entry, without its time, as upstream has it.
 */
export function parentEntries(parent: Entries, scale: Entries, apiVersion: string): Entries {
  const known = storedManagers(parent);
  const owners = storedManagers(scale);
  const result: Managers = new Map();
  for (const [id, manager] of known) {
    if (manager.apiVersion !== apiVersion) continue;
    if (!has(manager.set, replicas) || owners.delete(id)) {
      result.set(id, manager);
      continue;
    }
    const set = difference(manager.set, replicasSet);
    if (set !== undefined) result.set(id, { ...manager, set, entry: undefined });
  }
  for (const [id, owner] of owners) {
    if (!has(owner.set, replicas)) continue;
    result.set(id, { ...owner, apiVersion, set: replicasSet, time: known.get(id)?.time, entry: undefined });
  }
  return entriesOf(result);
}
