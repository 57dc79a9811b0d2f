/** Who may talk to the API server and how it is found out. */
import { certificateAuthenticator, type Authenticator } from '../auth/authenticator.ts';
import { allowAuthenticated, type Authorizer } from '../auth/authorizer.ts';
import { createReviews, type ReviewAnswers } from '../auth/reviews.ts';
import { createServiceAccountTokens, type ServiceAccountTokens } from '../auth/service-account-tokens.ts';
import { openSigningKeys, type SigningKeys } from '../auth/signing-keys.ts';
import { staticTokenAuthenticator } from '../auth/static-tokens.ts';
import type { Clock } from '../base/clock.ts';
import type { UserInfo } from '../registry/context.ts';
import type { Client } from '../client/client.ts';

export interface AuthenticationOptions {
  /** PKCS#8 PEM key of service account tokens. */
  readonly serviceAccountKey: string;
  readonly clusterDomain: string;
  /** The secret of joining nodes. */
  readonly joinToken: string;
  readonly clock: Clock;
  /** Looks service accounts up; asked only after the registry stands. */
  client(): Client;
}

export interface Authentication {
  /** In the order they are tried. */
  readonly authenticators: readonly Authenticator[];
  readonly authorizer: Authorizer;
  readonly keys: SigningKeys;
  readonly tokens: ServiceAccountTokens;
  readonly reviews: ReviewAnswers;
  readonly issuer: string;
}

/** Who holds the join token. */
export const joinUser: UserInfo = { name: 'system:nodes:join', groups: ['system:nodes', 'system:authenticated'] };

export function createAuthentication(options: AuthenticationOptions): Authentication {
  const issuer = `https://kubernetes.default.svc.${options.clusterDomain}`;
  const keys = openSigningKeys({ privateKey: options.serviceAccountKey, issuer });
  const tokens = createServiceAccountTokens({ keys, issuer, clock: options.clock, client: () => options.client() });
  const statics = staticTokenAuthenticator([{ token: options.joinToken, user: joinUser }]);
  const authorizer = allowAuthenticated;
  return {
    authenticators: [certificateAuthenticator, tokens.authenticator, statics],
    authorizer,
    keys,
    tokens,
    reviews: createReviews({ authenticators: [statics], tokens, authorizer }),
    issuer,
  };
}
