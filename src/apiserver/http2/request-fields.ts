/** Whether a request's header fields are such as HTTP/2 allows. */
import type { Field } from './hpack.ts';

const requestFields: ReadonlySet<string> = new Set([':method', ':path', ':scheme', ':authority']);
const forbiddenFields: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);

/** Names in lower case, what begins with a colon first and once, nothing that belongs to HTTP/1.1 (RFC 9113, section 8). */
export function isWellFormed(fields: readonly Field[]): boolean {
  const seen = new Set<string>();
  let isPseudo = true;
  let length: string | undefined;
  for (const field of fields) {
    const [name, value] = field;
    if (name.startsWith(':')) {
      if (!isPseudo || seen.has(name) || !isPseudoField(field)) return false;
      seen.add(name);
    } else {
      isPseudo = false;
      if (!isPlainField(field)) return false;
      if (name === 'content-length' && value !== (length ??= value)) return false;
    }
  }
  return seen.has(':method') && seen.has(':path') && seen.has(':scheme');
}

/** The same for what comes after a body. */
export function areTrailers(fields: readonly Field[]): boolean {
  return fields.every(isPlainField);
}

function isPseudoField([name, value]: Field): boolean {
  if (name === ':path' && !value.startsWith('/') && value !== '*') return false;
  if (name === ':scheme' && value !== 'https' && value !== 'http') return false;
  return requestFields.has(name) && !badValue.test(value);
}

function isPlainField([name, value]: Field): boolean {
  if (!fieldName.test(name) || forbiddenFields.has(name) || badValue.test(value)) return false;
  if (name === 'te') return value === 'trailers';
  return name !== 'content-length' || /^[0-9]+$/.test(value);
}

const fieldName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** Control characters other than tabs. */
// eslint-disable-next-line no-control-regex -- they are what is looked for
const badValue = /[\0-\x08\n-\x1f\x7f]/;

/** What Go's server says to more of them than it takes. */
export const tooManyFields = Buffer.from('<h1>HTTP Error 431</h1><p>Request Header Field(s) Too Large</p>');
