import { expect, test } from '@jest/globals';
import { createAuthority } from '../auth/certificates.ts';
import { formatJoinToken, parseJoinToken } from './join-token.ts';

test('a token carries its authority’s fingerprint', async () => {
  const authority = await createAuthority('x', Date.now());
  const text = formatJoinToken('secret', authority.cert);
  expect(parseJoinToken(`${text}\n`)).toEqual({ fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/), secret: 'secret' });
  expect(parseJoinToken('bare')).toEqual({ fingerprint: undefined, secret: 'bare' });
  expect(() => parseJoinToken(' ')).toThrow('the token is empty');
});
