import { expect, test } from '@jest/globals';
import { ApiError } from '../api/errors.ts';
import { FakeClock } from '../base/clock.ts';
import { isAway, untilReached } from './until-reached.ts';
import { UsageError } from './usage-error.ts';

const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });

test('who is away and who refuses', () => {
  expect(isAway(refused)).toBe(true);
  expect(isAway(new ApiError('ServiceUnavailable', 'starting'))).toBe(true);
  expect(isAway(new ApiError('Forbidden', 'no'))).toBe(false);
  expect(isAway(new UsageError('cannot be reached', { cause: refused }))).toBe(true);
  expect(isAway(new UsageError('is not the cluster of this token'))).toBe(false);
  expect(isAway(Object.assign(new Error('altname'), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' }))).toBe(false);
});

test('waits for a server that is away, and says so once', async () => {
  const clock = new FakeClock();
  const told: string[] = [];
  let left = 3;
  const work = (): Promise<string> => (left-- > 0 ? Promise.reject(refused) : Promise.resolve('joined'));
  const reached = untilReached(work, { clock, signal: new AbortController().signal, tell: ({ message }) => told.push(message) });
  for (let turn = 0; turn < 6; turn += 1) await clock.advance(2000);
  expect(await reached).toBe('joined');
  expect(told).toEqual(['refused']);
});

test('ends with what does not pass by waiting, and when it is told to', async () => {
  const clock = new FakeClock();
  const abort = new AbortController();
  const tell = (): void => undefined;
  const wrong = untilReached(() => Promise.reject(new UsageError('wrong')), { clock, signal: abort.signal, tell });
  await expect(wrong).rejects.toThrow('wrong');
  const waiting = untilReached(() => Promise.reject(refused), { clock, signal: abort.signal, tell });
  await clock.advance(0);
  abort.abort();
  expect(await waiting).toBe(undefined);
});
