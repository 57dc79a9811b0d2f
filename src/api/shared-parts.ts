/** Frozen objects that are alike share what is the same in them: the pods of one Deployment, and the versions of one object. */
import { deepFreeze } from './object.ts';

type Fields = Record<string, unknown>;

/**
 * Freezes a private JSON value all the way down; its parts that equal, keys in the same order, the part of `like` (deeply frozen) at the
 * same place become that very part. Answers the value, or `like` when all of it is the same. What is frozen already is left as it is.
 */
export function freezeLike<T extends object>(value: T, like: unknown): T {
  if (value === like || Object.isFrozen(value)) return value;
  if (typeof like !== 'object' || like === null) return deepFreeze(value);
  if (Array.isArray(value)) return (Array.isArray(like) ? listLike(value, like) : deepFreeze(value)) as T;
  return (Array.isArray(like) ? deepFreeze(value) : fieldsLike(value as Fields, like as Fields)) as T;
}

function listLike(value: unknown[], like: readonly unknown[]): readonly unknown[] {
  let same = value.length === like.length;
  for (let at = 0; at < value.length; at++) {
    const mine = value[at];
    const theirs = like[at];
    if (typeof mine === 'object' && mine !== null) same = (value[at] = freezeLike(mine, theirs)) === theirs && same;
    else if (mine === theirs) value[at] = theirs;
    else same = false;
  }
  return same ? like : Object.freeze(value);
}

function fieldsLike(value: Fields, like: Fields): Fields {
  const names = Object.keys(like);
  let same = true;
  let count = 0;
  for (const name in value) {
    const mine = value[name];
    const theirs = like[name];
    if (typeof mine === 'object' && mine !== null) same = (value[name] = freezeLike(mine, theirs)) === theirs && same;
    // Texts that are equal are still two.
    else if (mine === theirs) value[name] = theirs;
    else same = false;
    same &&= names[count] === name;
    count++;
  }
  return same && count === names.length ? like : Object.freeze(value);
}
