/** The texts of failures that all backends share. */
import { StorageError } from './storage.ts';

/** What etcd takes at most in one request (its --max-request-bytes), in bytes. */
export const maxValueBytes = 1.5 * 1024 * 1024;

export const closedError = (): StorageError => new StorageError('closed', 'the store is closed');

export const compactedError = (revision: number, compacted: number): StorageError =>
  new StorageError('compacted', `revision ${revision} has been compacted; the oldest one kept is ${compacted}`);

export const futureError = (revision: number, newest: number): StorageError =>
  new StorageError('future', `revision ${revision} is in the future; the newest one is ${newest}`);

/** Throws `tooLarge`. */
export function checkSize(value: Buffer): void {
  if (value.length > maxValueBytes)
    throw new StorageError('tooLarge', `a value of ${value.length} bytes is too large; ${maxValueBytes} are allowed`);
}
