/**
 * Who asks. Authenticators are tried in order; the first that knows the credentials answers. As apiserver
 * pkg/authentication/request/union: a failure is remembered, and it is final when nobody else knows the credentials (a bad
 * token is never anonymous).
 */
import type { UserInfo } from '../registry/context.ts';

/** What a request brought along to say who it is. */
export interface Credentials {
  /** The subject of a client certificate that a trusted authority signed. */
  readonly certificate: CertificateSubject | undefined;
  /** A certificate came along that nobody trusts, or that is not good (any more). */
  readonly certificateError: string | undefined;
  /** The bearer token, without the word Bearer. */
  readonly token: string | undefined;
}

export interface CertificateSubject {
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** SHA-256 of the certificate (DER) in lower-case hex. */
  readonly fingerprint: string;
}

/**
 * Answers the user, or undefined when the credentials are not of its kind. Throws an Error when they are, but are no good;
 * the message may be logged and shown in a TokenReview, so it holds no secret. Answers at once where it can.
 */
export interface Authenticator {
  readonly name: string;
  /** The same credentials are the same user for as long as the process lives: the answer may be kept. */
  readonly stable?: boolean;
  authenticate(credentials: Credentials): UserInfo | undefined | Promise<UserInfo | undefined>;
}

export const anonymousUser: UserInfo = Object.freeze({ name: 'system:anonymous', groups: Object.freeze(['system:unauthenticated']) });

const authenticatedGroup = 'system:authenticated';
const extraCredentialId = 'authentication.kubernetes.io/credential-id';

/** Every user but the anonymous one is in system:authenticated. */
export function withAuthenticatedGroup(user: UserInfo): UserInfo {
  return user.groups.includes(authenticatedGroup) ? user : { ...user, groups: [...user.groups, authenticatedGroup] };
}

/** CN is the user, O are the groups (apiserver pkg/authentication/request/x509). */
export const certificateAuthenticator: Authenticator = {
  name: 'x509',
  stable: true,
  authenticate: ({ certificate, certificateError }) => {
    if (certificateError !== undefined) throw new Error(`x509: ${certificateError}`);
    if (certificate === undefined || certificate.commonName === '') return undefined;
    return {
      name: certificate.commonName,
      groups: certificate.organizations,
      extra: { [extraCredentialId]: [`X509SHA256=${certificate.fingerprint}`] },
    };
  },
};

export interface Authenticated {
  readonly user: UserInfo;
  readonly stable: boolean;
}

/**
 * The first user that an authenticator finds, in system:authenticated; undefined when the request brought no credentials that
 * anybody knows. Throws the collected failures when some were there but no good.
 */
export async function authenticate(authenticators: readonly Authenticator[], credentials: Credentials): Promise<Authenticated | undefined> {
  const failures: unknown[] = [];
  for (const authenticator of authenticators) {
    try {
      const user = await authenticator.authenticate(credentials);
      if (user !== undefined) return { user: withAuthenticatedGroup(user), stable: authenticator.stable === true };
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, failures.map(messageOf).join(', '));
  if (credentials.token !== undefined) throw new Error('invalid bearer token');
  return undefined;
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
