import { expect, test } from '@jest/globals';
import { ApiError } from '../api/errors.ts';
import { found } from './found.ts';

test('what is not there is undefined, every other refusal stays one', async () => {
  await expect(found(Promise.resolve(1))).resolves.toBe(1);
  await expect(found(Promise.reject(new ApiError('NotFound', 'gone')))).resolves.toBeUndefined();
  await expect(found(Promise.reject(new ApiError('Conflict', 'changed')))).rejects.toThrow('changed');
});
