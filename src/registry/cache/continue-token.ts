/** Tokens of paged lists, as upstream writes them (apiserver pkg/storage/continue.go): clients' tests decode them. */
import { badRequest } from '../../api/errors.ts';

export interface ContinueToken {
  /** The revision all pages show; below 0: the newest (after the first one's had expired). */
  readonly revision: number;
  /** The key to go on from, inclusive, without the resource's prefix. */
  readonly start: string;
}

/** Goes on right after the key of the last item. */
export function encodeContinue(prefix: string, lastKey: string, revision: number): string {
  return encodeToken({ revision, start: `${lastKey.slice(prefix.length)}\u0000` });
}

export function encodeToken({ revision, start }: ContinueToken): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start })).toString('base64url');
}

/** Throws 400 BadRequest. */
export function decodeContinue(text: string): ContinueToken {
  const { v, rv, start } = parseToken(text);
  if (v !== 'meta.k8s.io/v1')
    throw refused(`continue key is not valid: server does not recognize this encoded version ${typeof v === 'string' ? v : ''}`);
  if (typeof rv !== 'number' || rv === 0)
    throw refused('continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  if (typeof start !== 'string' || start === '')
    throw refused('continue key is not valid: encoded start key empty (version meta.k8s.io/v1)');
  if (start !== '/' && start.split('/').some((part, at) => part === '.' || part === '..' || (part === '' && at > 0)))
    throw refused(`continue key is not valid: ${start}`);
  return { revision: rv, start: start.startsWith('/') ? start.slice(1) : start };
}

function parseToken(text: string): { v?: unknown; rv?: unknown; start?: unknown } {
  const illegal = illegalBase64(text);
  if (illegal !== undefined) throw refused(`continue key is not valid: illegal base64 data at input byte ${String(illegal)}`);
  try {
    const token: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    return typeof token === 'object' && token !== null ? token : {};
  } catch (error) {
    throw badRequest(`invalid continue token: continue key is not valid: ${goSyntaxError(text)}`, { cause: error });
  }
}

/** Where Go's RawURLEncoding stops reading; undefined when it does not. */
function illegalBase64(text: string): number | undefined {
  const at = text.search(/[^\w-]/);
  if (at >= 0) return at;
  // One character too many holds no byte.
  return text.length % 4 === 1 ? text.length - 1 : undefined;
}

/** Go's words for the usual fault: something that does not even begin like JSON. */
function goSyntaxError(token: string): string {
  const text = Buffer.from(token, 'base64url').toString('latin1').trimStart();
  const first = text.codePointAt(0);
  if (first === undefined || /^[{["\d-]/.test(text)) return 'unexpected end of JSON input';
  const shown = first < 0x20 || (first > 0x7e && first < 0xa1) ? `\\u${first.toString(16).padStart(4, '0')}` : String.fromCodePoint(first);
  return `invalid character '${shown}' looking for beginning of value`;
}

const refused = (why: string): Error => badRequest(`invalid continue token: ${why}`);
