/** One request of the fuzzer, as a value: everything that goes over the wire is in it, so that a failure can be told and repeated. */

export type BodyForm = 'json' | 'yaml' | 'protobuf' | 'none';

export interface FuzzRequest {
  readonly method: string;
  /** With the query; only printable ASCII. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  /** Goes out as it is, in place of everything else. */
  readonly raw?: Buffer;
}

/** For people: enough to send it again. */
export function describeRequest({ method, path, headers, body, raw }: FuzzRequest): string {
  if (raw !== undefined) return `raw ${JSON.stringify(raw.toString('latin1'))}`;
  const shown = body === undefined ? '' : ` ${isText(body) ? body.toString() : `base64:${body.toString('base64')}`}`;
  return `${method} ${path} ${JSON.stringify(headers)}${shown.length > 4000 ? `${shown.slice(0, 4000)}…(${String(body?.length)})` : shown}`;
}

const isText = (body: Buffer): boolean => Buffer.from(body.toString()).equals(body);

/** What Node's client lets through as a path. */
export function printable(path: string): string {
  return path.replace(/[^\x21-\x7e]/g, (char) => [...Buffer.from(char)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''));
}

/** What Node's client lets through as a header. */
export function headerText(value: string): string {
  return value.replace(/[^\x20-\x7e\x80-\xff]/g, '?').trim();
}
