/** Resource versions in requests, and upstream's words for those that cannot be served. */
import { ApiError, badRequest } from '../../api/errors.ts';
import { StorageError } from '../../storage/storage.ts';

/** '' and '0' are 0. Throws 400 for what is not a number; 500 for a watch, whose version nobody checks before the store does. */
export function parseVersion(text: string, use: 'list' | 'watch' = 'list'): number {
  if (text === '') return 0;
  if (/^\d{1,20}$/.test(text)) return Number(text);
  const quoted = JSON.stringify(text);
  const why = `resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: invalid syntax`;
  throw use === 'watch' ? new ApiError('Unknown', why) : badRequest(`invalid resource version: ${why}`);
}

/** apiserver pkg/storage/errors.go, NewTooLargeResourceVersionError: the cache tells when to come back, the store does not. */
export function tooLargeVersion(asked: number, current: number, retryAfterSeconds = 1): ApiError {
  return new ApiError('Timeout', `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      ...(retryAfterSeconds > 0 ? { retryAfterSeconds } : {}),
    },
  });
}

export function tooOldVersion(asked: number, oldest: number): ApiError {
  return new ApiError('Expired', `too old resource version: ${asked} (${oldest})`);
}

const listExpired = 'The resourceVersion for the provided list is too old.';
const continueExpired =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, ' +
  'or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an ' +
  'inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';

export interface ListAtRevision {
  readonly revision: number;
  readonly current: number;
  /** A token that goes on at the newest state. */
  readonly newest: string | undefined;
  /** By name: upstream has the store answer that. */
  readonly isSingle: boolean;
}

/** What a list at a revision failed with (apiserver storage/etcd3/errors.go). */
export function listError(thrown: unknown, asked: ListAtRevision): unknown {
  if (!(thrown instanceof StorageError)) return thrown;
  if (thrown.code === 'future') return tooLargeVersion(asked.revision, asked.current, asked.isSingle ? 0 : 1);
  if (thrown.code !== 'compacted') return thrown;
  if (asked.newest === undefined) return new ApiError('Expired', listExpired, { cause: thrown });
  return new ApiError('Expired', continueExpired, { cause: thrown, continueToken: asked.newest });
}
