/**
 * The text as UTF-8 in memory of its own. For bytes that are kept: a small Buffer from Node's pool keeps 64 KB of strangers
 * alive as long as it lives (measured: 365 MB held by 5,574 events).
 */
export function ownBytes(text: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  bytes.write(text);
  return bytes;
}
