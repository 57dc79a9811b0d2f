/** What of a document a client still needs, by its conditions and ranges (RFC 9110, 13 and 14, as Go's net/http reads them). */
import type { IncomingHttpHeaders } from 'node:http';

export interface Entity {
  /** Quoted; undefined: it has none. */
  readonly etag: string | undefined;
  readonly modifiedMs: number;
  readonly length: number;
}

export interface Range {
  readonly from: number;
  /** Not part of it any more. */
  readonly to: number;
}

export type Wanted = 'whole' | 'unchanged' | 'precondition failed' | 'out of range' | Range;

export function wanted(method: string, headers: IncomingHttpHeaders, entity: Entity): Wanted {
  const { 'if-match': match, 'if-none-match': noneMatch, 'if-modified-since': since, 'if-unmodified-since': until } = headers;
  if (match !== undefined) {
    if (!names(match, entity.etag, isSameStrongly)) return 'precondition failed';
  } else if (isChangedSince(until, entity) === true) return 'precondition failed';
  const isRead = method === 'GET' || method === 'HEAD';
  if (noneMatch !== undefined) {
    if (names(noneMatch, entity.etag, isSameWeakly)) return isRead ? 'unchanged' : 'precondition failed';
  } else if (isRead && isChangedSince(since, entity) === false) return 'unchanged';
  return rangeOf(headers, entity);
}

type Comparison = (a: string, b: string) => boolean;

const isSameWeakly: Comparison = (a, b) => a.replace(/^W\//, '') === b.replace(/^W\//, '');
const isSameStrongly: Comparison = (a, b) => a === b && a.startsWith('"');

/** Whether a list of tags names this one; `*` names any. */
function names(list: string, etag: string | undefined, isSame: Comparison): boolean {
  for (const [, any, tag = ''] of list.matchAll(/\s*,*\s*(?:(\*)|((?:W\/)?"[^"]*"))/gy)) {
    if (any !== undefined || (etag !== undefined && isSame(tag, etag))) return true;
  }
  return false;
}

/** undefined: that cannot be said. Dates have whole seconds. */
function isChangedSince(date: string | undefined, { modifiedMs }: Entity): boolean | undefined {
  const since = date === undefined ? NaN : Date.parse(date);
  return Number.isNaN(since) ? undefined : Math.floor(modifiedMs / 1000) * 1000 > since;
}

/** Of several ranges, none: who asks for those may get all. */
function rangeOf({ range, 'if-range': ifRange }: IncomingHttpHeaders, entity: Entity): Wanted {
  if (range === undefined || (typeof ifRange === 'string' && !isStill(ifRange, entity))) return 'whole';
  const [, first, last] = /^bytes=\s*(\d*)\s*-\s*(\d*)\s*$/.exec(range) ?? [];
  if (first === undefined || last === undefined) return /^bytes=.*,/.test(range) ? 'whole' : 'out of range';
  const { length } = entity;
  if (first === '') return last === '' ? 'out of range' : { from: Math.max(0, length - Number(last)), to: length };
  const from = Number(first);
  const to = last === '' ? length : Math.min(Number(last) + 1, length);
  return from >= length || (last !== '' && Number(last) < from) ? 'out of range' : { from, to };
}

/** A range is of no use when the document is another one by now. */
function isStill(condition: string, entity: Entity): boolean {
  if (condition === '') return true;
  if (/^(W\/)?"/.test(condition)) return entity.etag !== undefined && isSameStrongly(condition, entity.etag);
  return Date.parse(condition) === Math.floor(entity.modifiedMs / 1000) * 1000;
}
