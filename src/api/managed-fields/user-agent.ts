/** Names of field managers that do not give one (apiserver pkg/endpoints/handlers/create.go, prefixFromUserAgent). */

const maxBytes = 128;

/** What stands before the first slash, without what cannot be printed, in at most 128 bytes. */
export function managerOfUserAgent(userAgent: string): string {
  const [first = ''] = userAgent.split('/', 1);
  if (first.length <= maxBytes && /^[\x20-\x7e]*$/.test(first)) return first;
  let name = '';
  let bytes = 0;
  for (const char of first) {
    if (/[\p{C}\p{Z}]/u.test(char) && char !== ' ') continue;
    bytes += Buffer.byteLength(char);
    if (bytes > maxBytes) break;
    name += char;
  }
  return name;
}
