/** How writes move ownership (structured-merge-diff merge/update.go). */
import { compare, type Comparison } from './compare.ts';
import { FieldConflict, type Conflict } from './conflict.ts';
import { difference, eachPath, includes, intersection, type MaybeSet, union } from './field-set.ts';
import type { FieldType } from './field-type.ts';
import type { Manager, Managers } from './managers.ts';
import { mentionedFields } from './mentioned.ts';
import { merge } from './merge.ts';
import { removeFields, withNamedFields } from './remove.ts';

/** An object in one version of its kind. */
export interface Versioned {
  readonly value: unknown;
  readonly apiVersion: string;
  readonly type: FieldType;
}

export interface Rules {
  /** The same object in another version; undefined when that version is not served. */
  convert(object: Versioned, apiVersion: string): Versioned | undefined;
  /** Names of fields of the object itself that {@link filter} always takes out: they need not be compared. */
  readonly ignored?: ReadonlySet<string>;
  /** Takes out of a set what writers of this resource cannot change. */
  filter(set: MaybeSet, apiVersion: string): MaybeSet;
}

export interface Change {
  readonly old: Versioned;
  readonly next: Versioned;
}

interface SettleOptions {
  readonly rules: Rules;
  readonly self: string;
  readonly force: boolean;
  /** Gets what it loses back from the caller: what it owns already is not taken from it in the first place. */
  readonly writer?: string;
}

/**
 * Takes from every manager but `self` what `change` takes: what others changed or added, and what is gone. Managers of versions that are
 * served no more go. Returns what changed; throws a FieldConflict when fields of others changed and `force` is false.
 */
export function settle(managers: Managers, { old, next }: Change, options: SettleOptions): Comparison {
  const { rules, self, force, writer } = options;
  const changes = filtered(compare(old.type, old.value, next.value, rules.ignored), rules, next.apiVersion);
  const byVersion = new Map<string, Seen | undefined>([[next.apiVersion, seenOf(changes)]]);
  const changesIn = (version: string): Seen | undefined => {
    if (!byVersion.has(version)) {
      const [left, right] = [rules.convert(old, version), rules.convert(next, version)];
      const known = left !== undefined && right !== undefined;
      const inVersion = known ? filtered(compare(left.type, left.value, right.value, rules.ignored), rules, version) : undefined;
      byVersion.set(version, inVersion === undefined ? undefined : seenOf(inVersion));
    }
    return byVersion.get(version);
  };
  const lost: [string, Manager, MaybeSet][] = [];
  const conflicts: Conflict[] = [];
  for (const [id, manager] of managers) {
    if (id === self) continue;
    const seen = changesIn(manager.apiVersion);
    if (seen === undefined) {
      lost.push([id, manager, manager.set]);
      continue;
    }
    if (id === writer && seen.removed === undefined && manager.set !== undefined && includes(manager.set, seen.changed)) continue;
    const taken = intersection(manager.set, seen.changed);
    if (!force) eachPath(taken, (path) => conflicts.push({ manager, path }));
    const gone = union(taken, seen.removed);
    if (gone !== undefined || manager.set === undefined) lost.push([id, manager, gone]);
  }
  if (conflicts.length > 0) throw new FieldConflict(conflicts);
  for (const [id, manager, gone] of lost) assign(managers, id, { ...manager, set: difference(manager.set, gone) });
  return changes;
}

/** A comparison as others are held to it. */
interface Seen {
  readonly changed: MaybeSet;
  readonly removed: MaybeSet;
}

const seenOf = ({ modified, added, removed }: Comparison): Seen => ({ changed: union(modified, added), removed });

function filtered(changes: Comparison, rules: Rules, apiVersion: string): Comparison {
  const filter = (set: MaybeSet): MaybeSet => (set === undefined ? undefined : rules.filter(set, apiVersion));
  return { added: filter(changes.added), modified: filter(changes.modified), removed: filter(changes.removed) };
}

/** Sets a manager, or drops it when it owns nothing. */
export function assign(managers: Managers, id: string, manager: Manager): void {
  const known = managers.get(id);
  if (manager.set === undefined) managers.delete(id);
  else if (known === undefined || known.set !== manager.set || known.time !== manager.time || known.apiVersion !== manager.apiVersion)
    managers.set(id, { ...manager, entry: undefined });
}

export interface Application {
  readonly live: Versioned;
  readonly config: Versioned;
  /** Who applies; `set` is not looked at. */
  readonly manager: Manager;
  readonly id: string;
  readonly rules: Rules;
  readonly force: boolean;
}

/** The merged object; moves ownership in `managers`. Throws FieldFault and FieldConflict. */
export function applyConfig(managers: Managers, { live, config, manager, id, rules, force }: Application): unknown {
  const last = managers.get(id);
  const merged = { ...live, value: merge(live.type, live.value, config.value) };
  const set = rules.filter(mentionedFields(config.type, config.value), config.apiVersion);
  managers.set(id, { ...manager, set, entry: undefined });
  const next = prune(merged, last, managers, rules);
  settle(managers, { old: live, next }, { rules, self: id, force });
  if (managers.get(id)?.set === undefined) managers.delete(id);
  return next.value;
}

/** Takes out what the manager applied last time and does not now, unless somebody else owns it. */
function prune(merged: Versioned, last: Manager | undefined, managers: Managers, rules: Rules): Versioned {
  if (last?.set === undefined) return merged;
  const converted = rules.convert(merged, last.apiVersion);
  if (converted === undefined) return merged;
  const { type } = converted;
  const without = { ...converted, value: removeFields(type, converted.value, withNamedFields(type, last.set)) };
  const owned = addBackOwned(converted, without, managers, rules);
  const pruned = addBackDangling(converted, owned, last.set, rules);
  return rules.convert(pruned, merged.apiVersion) ?? pruned;
}

function addBackOwned(merged: Versioned, pruned: Versioned, managers: Managers, rules: Rules): Versioned {
  const owned = new Map<string, MaybeSet>();
  owned.set(pruned.apiVersion, undefined);
  for (const { apiVersion, set } of managers.values()) owned.set(apiVersion, union(owned.get(apiVersion), set));
  let result = pruned;
  let whole = merged;
  for (const [version, set] of owned) {
    const [all, left] = [rules.convert(whole, version), rules.convert(result, version)];
    if (all === undefined || left === undefined) continue;
    const { type } = all;
    const keep = union(withNamedFields(type, mentionedFields(type, left.value)), withNamedFields(type, set));
    const drop = difference(withNamedFields(type, mentionedFields(type, all.value)), keep);
    whole = all;
    result = { ...all, value: removeFields(type, all.value, drop) };
  }
  return result;
}

/** What was pruned without the manager ever owning it comes back. */
function addBackDangling(merged: Versioned, pruned: Versioned, last: MaybeSet, rules: Rules): Versioned {
  const converted = rules.convert(pruned, merged.apiVersion);
  if (converted === undefined) return merged;
  const { type } = merged;
  const fieldsOf = (value: unknown): MaybeSet => withNamedFields(type, mentionedFields(type, value));
  const gone = difference(fieldsOf(merged.value), fieldsOf(converted.value));
  return { ...merged, value: removeFields(type, merged.value, intersection(gone, withNamedFields(type, last))) };
}
