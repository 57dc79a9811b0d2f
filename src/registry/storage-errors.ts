/** Storage failures as API errors (apiserver pkg/storage/errors/storage.go); the only place that knows both. */
import { ApiError, badRequest } from '../api/errors.ts';
import { StorageError } from '../storage/storage.ts';

/** What was thrown, as an ApiError when it came from the store. */
export function apiErrorOf(thrown: unknown, subject: { readonly group: string; readonly resource: string }): unknown {
  if (!(thrown instanceof StorageError)) return thrown;
  switch (thrown.code) {
    case 'tooLarge':
      return new ApiError('RequestEntityTooLarge', `Request entity too large: limit is 1572864`, { cause: thrown });
    case 'compacted':
      return new ApiError('Expired', 'The resourceVersion for the provided list is too old.', { cause: thrown });
    case 'future':
      return badRequest(thrown.message, { cause: thrown });
    case 'unavailable':
    case 'closed':
    case 'locked':
      return new ApiError('ServerTimeout', 'The operation against the store could not be completed at this time, please try again.', {
        cause: thrown,
        details: { ...(subject.group === '' ? {} : { group: subject.group }), kind: subject.resource, retryAfterSeconds: 2 },
      });
    case 'full':
    case 'corrupt':
      return new ApiError('InternalError', `Internal error occurred: ${thrown.message}`, {
        cause: thrown,
        details: { causes: [{ message: thrown.message }] },
      });
  }
}
