import { createHash } from 'node:crypto';
import type { UserInfo } from '../registry/context.ts';
import type { Authenticator } from './authenticator.ts';

/** A bearer token that never expires (the administrator's, a joining node's) and whose it is. */
export interface StaticToken {
  readonly token: string;
  readonly user: UserInfo;
}

const digest = (token: string): string => createHash('sha256').update(token).digest('base64');

/** Compares digests, so that how long a comparison takes says nothing about a token. */
export function staticTokenAuthenticator(tokens: readonly StaticToken[]): Authenticator {
  const users = new Map(tokens.map(({ token, user }) => [digest(token), user]));
  return {
    name: 'static tokens',
    stable: true,
    authenticate: ({ token }) => (token === undefined ? undefined : users.get(digest(token))),
  };
}
