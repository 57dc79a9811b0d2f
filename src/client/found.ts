import { isReason } from '../api/errors.ts';

/** The answer, or undefined when the object is not there; other refusals go on. */
export async function found<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isReason(error, 'NotFound')) return undefined;
    throw error;
  }
}
