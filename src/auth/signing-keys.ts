/** The keys of service account tokens: signing, verifying, and what /openid/v1/jwks publishes. */
import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { JWK, JWTPayload } from 'jose';
import { exportJWK, jwtVerify, SignJWT } from 'jose';

type Algorithm = 'ES256' | 'ES384' | 'ES512' | 'RS256';

export interface SigningKeys {
  sign(claims: JWTPayload): Promise<string>;
  /** The claims of a token one of the keys signed for this issuer; rejects otherwise. Times are not looked at. */
  verify(token: string): Promise<JWTPayload>;
  /** The JSON Web Key Set of the public keys. */
  jwks(): Promise<{ keys: JWK[] }>;
  readonly algorithms: readonly string[];
}

interface Key {
  readonly id: string;
  readonly algorithm: Algorithm;
  readonly publicKey: KeyObject;
}

export interface SigningKeysOptions {
  /** PEM, PKCS#8: EC or RSA. Signs, and verifies first. */
  readonly privateKey: string;
  /** PEM of public (or private) keys that were used before. */
  readonly formerKeys?: readonly string[];
  readonly issuer: string;
}

/** Throws when a PEM is no EC or RSA key. */
export function openSigningKeys(options: SigningKeysOptions): SigningKeys {
  const privateKey = createPrivateKey(options.privateKey);
  const current = keyOf(createPublicKey(privateKey));
  const keys = [current, ...(options.formerKeys ?? []).map((pem) => keyOf(createPublicKey(pem)))];
  return {
    algorithms: [...new Set(keys.map((key) => key.algorithm))],
    sign: (claims) => new SignJWT(claims).setProtectedHeader({ alg: current.algorithm, kid: current.id }).sign(privateKey),
    verify: (token) => verifyWithAny(keys, token, options.issuer),
    jwks: async () => ({
      keys: await Promise.all(
        keys.map(async (key) => ({ use: 'sig', kid: key.id, alg: key.algorithm, ...(await exportJWK(key.publicKey)) })),
      ),
    }),
  };
}

function keyOf(publicKey: KeyObject): Key {
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return { id: createHash('sha256').update(der).digest('base64url'), algorithm: algorithmOf(publicKey), publicKey };
}

function algorithmOf(key: KeyObject): Algorithm {
  if (key.asymmetricKeyType === 'rsa') return 'RS256';
  switch (key.asymmetricKeyDetails?.namedCurve) {
    case 'prime256v1':
      return 'ES256';
    case 'secp384r1':
      return 'ES384';
    case 'secp521r1':
      return 'ES512';
    default:
      throw new Error('a service account key must be an RSA key or an EC key on P-256, P-384 or P-521');
  }
}

/** jose also checks exp and nbf; those are for the caller, who has a clock, so they are held off here. */
async function verifyWithAny(keys: readonly Key[], token: string, issuer: string): Promise<JWTPayload> {
  let failure: unknown;
  for (const key of keys) {
    try {
      const issuedAt = new Date((timeInside(token) ?? 0) * 1000);
      const { payload } = await jwtVerify(token, key.publicKey, { algorithms: [key.algorithm], issuer, currentDate: issuedAt });
      return payload;
    } catch (error) {
      failure = error;
    }
  }
  throw new Error('invalid bearer token', { cause: failure });
}

/** nbf of the unverified token. */
function timeInside(token: string): number | undefined {
  const claims = unverifiedClaims(token);
  return typeof claims?.nbf === 'number' ? claims.nbf : undefined;
}

/** What a token says about itself, before anybody has checked it; undefined when it is no JWT. */
export function unverifiedClaims(token: string): JWTPayload | undefined {
  const parts = token.split('.');
  if (parts.length !== 3) return undefined;
  try {
    const claims = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString()) as unknown;
    return typeof claims === 'object' && claims !== null ? (claims as JWTPayload) : undefined;
  } catch {
    return undefined;
  }
}
