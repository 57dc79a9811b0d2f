/** Whether a request's header fields are such as HTTP/2 allows. */
import type { Field } from './hpack.ts';

const requestFields: ReadonlySet<string> = new Set([':method', ':path', ':scheme', ':authority']);
const forbiddenFields: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);

/** Names in lower case, what begins with a colon first and once, nothing that belongs to HTTP/1.1 (RFC 9113, section 8). */
export function isWellFormed(fields: readonly Field[]): boolean {
  const seen = new Set<string>();
  let isPseudo = true;
  for (const [name, value] of fields) {
    if (name.startsWith(':')) {
      if (!isPseudo || !requestFields.has(name) || seen.has(name)) return false;
      seen.add(name);
      if (name === ':path' && !value.startsWith('/') && value !== '*') return false;
    } else {
      isPseudo = false;
      if (!fieldName.test(name) || forbiddenFields.has(name) || (name === 'te' && value !== 'trailers')) return false;
    }
    if (badValue.test(value)) return false;
  }
  return seen.has(':method') && seen.has(':path') && seen.has(':scheme');
}

const fieldName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const badValue = /[\0\r\n]/;
