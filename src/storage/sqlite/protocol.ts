/**
 * What the store and its worker thread say to each other. Values of many rows travel as one ArrayBuffer that is handed over,
 * not copied, with their lengths beside it; everything else is small.
 */
import type { StorageErrorCode } from '../storage.ts';

/** Rows as columns: `numbers` holds `width` numbers a row, `keys` one key a row; values lie in `data` one after the other. */
export interface Rows {
  readonly keys: readonly string[];
  readonly numbers: Float64Array;
  readonly data: ArrayBuffer;
}

/** Columns of {@link Rows} in a commit. */
export const commitWidth = 6;
/** Columns of {@link Rows} in answers: [modRevision, createRevision, type, value's length, previous value's length or -1]. */
export const eventWidth = 5;
/** Columns of {@link Rows} in answers of ranges: [modRevision, createRevision, value's length]. */
export const stateWidth = 3;

export type Request =
  /** Keys from `from` on, those from `until` on left out. */
  | { readonly op: 'keys'; readonly from: string; readonly until: string | undefined }
  | { readonly op: 'expiring' }
  /** Row: [revision, createRevision, revision replaced or 0, deleted 0/1, expires or 0, value's length]. */
  | { readonly op: 'commit'; readonly rows: Rows; readonly previous: boolean }
  | { readonly op: 'get'; readonly key: string }
  | {
      readonly op: 'range';
      readonly prefix: string;
      readonly after: string | undefined;
      readonly limit: number;
      readonly revision: number | undefined;
      readonly uncounted: boolean;
    }
  | { readonly op: 'history'; readonly prefix: string; readonly after: number; readonly previous: boolean }
  | { readonly op: 'compact'; readonly revision: number }
  /** Removes a piece of what compaction gave free. */
  | { readonly op: 'clean' }
  | { readonly op: 'close' };

/** Comes once, before all others. */
export interface OpenRequest {
  readonly op: 'open';
  /** This process had it open a moment ago: it need not be read to see whether it is damaged. */
  readonly isKnown: boolean;
}

/** Row: [modRevision, createRevision]. Only keys that exist. */
export interface KeysAnswer {
  readonly keys: readonly string[];
  readonly numbers: Float64Array;
  /** There is more after this key. */
  readonly last: string | undefined;
}

/** Row: [revision, expires]. */
export interface ExpiringAnswer {
  readonly keys: readonly string[];
  readonly numbers: Float64Array;
}

export interface OpenAnswer {
  readonly revision: number;
  /** There may be rows that only the past needs. */
  readonly history: boolean;
}

export interface CommitAnswer {
  /** Values before each write, when asked for: lengths (-1: none) and bytes. */
  readonly lengths: Int32Array | undefined;
  readonly data: ArrayBuffer | undefined;
}

export interface RangeAnswer {
  readonly rows: Rows;
  readonly revision: number;
  /** There is more within the limit: ask again after this key, at the revision. */
  readonly last: string | undefined;
  readonly remaining: number;
}

export interface HistoryAnswer {
  readonly rows: Rows;
  readonly revision: number;
}

export interface CleanAnswer {
  readonly more: boolean;
}

export interface Failure {
  readonly code: StorageErrorCode;
  readonly message: string;
}

/** What comes back for the request with this number; 0: the thread is ready. */
export interface Reply {
  readonly id: number;
  readonly answer?: unknown;
  readonly failure?: Failure;
}

/** What is answered to each request. */
export interface Answers {
  keys: KeysAnswer;
  expiring: ExpiringAnswer;
  commit: CommitAnswer;
  get: Rows;
  range: RangeAnswer;
  history: HistoryAnswer;
  compact: CleanAnswer;
  clean: CleanAnswer;
  close: undefined;
}

export interface WorkerData {
  readonly file: string;
  /** The file may not grow beyond this many bytes; 0: no limit. */
  readonly maxBytes: number;
}
