/** Who a request comes from: the connection's certificate and the request's bearer token. */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { ApiError } from '../../api/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { anonymousUser, authenticate, type Authenticator, type CertificateSubject, type Credentials } from '../../auth/authenticator.ts';
import type { UserInfo } from '../../registry/context.ts';
import type { HttpRequest } from '../http.ts';

type ConnectionIdentity = Pick<Credentials, 'certificate' | 'certificateError'>;

const noCertificate: ConnectionIdentity = Object.freeze({ certificate: undefined, certificateError: undefined });

export interface Identities {
  /** The user; anonymous when nothing came along. Throws 401 when what came along is no good. */
  identify(request: HttpRequest): UserInfo | Promise<UserInfo>;
}

/** `certificates` is told how many seconds a connection's certificate has left. */
export function createIdentities(
  authenticators: readonly Authenticator[],
  logger: Logger,
  certificates: (secondsLeft: number) => void,
): Identities {
  // A certificate is looked at once a connection, and so is what its user is.
  const connections = new WeakMap<Socket, ConnectionIdentity>();
  // What it brought last, when that cannot mean anybody else later.
  const users = new WeakMap<Socket, { readonly token: string | undefined; readonly user: UserInfo }>();
  const ask = async (request: HttpRequest, token: string | undefined): Promise<UserInfo> => {
    const { socket } = request;
    let connection = connections.get(socket);
    if (connection === undefined) {
      connection = connectionIdentity(socket, certificates);
      connections.set(socket, connection);
    }
    try {
      const known = (await authenticate(authenticators, { ...connection, token })) ?? { user: anonymousUser, stable: token === undefined };
      if (known.stable) users.set(socket, { token, user: known.user });
      return known.user;
    } catch (error) {
      logger.debug({ err: error, remote: socket.remoteAddress }, 'unable to authenticate the request');
      throw new ApiError('Unauthorized', 'Unauthorized', { cause: error });
    }
  };
  return {
    identify: (request) => {
      const token = bearerToken(request);
      const last = users.get(request.socket);
      return last !== undefined && last.token === token ? last.user : ask(request, token);
    },
  };
}

/** Of the Authorization header, or of the subprotocol that browsers put it in for WebSockets. */
function bearerToken(request: HttpRequest): string | undefined {
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    const [scheme = '', token = ''] = authorization.trim().split(/ +/);
    return scheme.toLowerCase() === 'bearer' && token !== '' ? token : undefined;
  }
  const protocols = request.headers['sec-websocket-protocol'];
  if (protocols === undefined) return undefined;
  const prefix = 'base64url.bearer.authorization.k8s.io.';
  const carrier = protocols
    .split(',')
    .map((item) => item.trim())
    .find((item) => item.startsWith(prefix));
  return carrier === undefined ? undefined : Buffer.from(carrier.slice(prefix.length), 'base64url').toString();
}

function connectionIdentity(socket: Socket, certificates: (secondsLeft: number) => void): ConnectionIdentity {
  if (!(socket instanceof TLSSocket)) return noCertificate;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return noCertificate;
  if (!socket.authorized) return { certificate: undefined, certificateError: String(socket.authorizationError) };
  const leftMs = Date.parse(certificate.validTo) - Date.now();
  if (leftMs < 0) return { certificate: undefined, certificateError: 'certificate has expired' };
  certificates(leftMs / 1000);
  return { certificate: subjectOf(certificate.toLegacyObject().subject, certificate.fingerprint256), certificateError: undefined };
}

function subjectOf(subject: { CN?: unknown; O?: unknown }, fingerprint: string): CertificateSubject {
  const organizations = Array.isArray(subject.O) ? subject.O.map(String) : typeof subject.O === 'string' ? [subject.O] : [];
  return {
    commonName: typeof subject.CN === 'string' ? subject.CN : '',
    organizations,
    fingerprint: fingerprint.replaceAll(':', '').toLowerCase(),
  };
}
