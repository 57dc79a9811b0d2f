/** Reads request bodies (apiserver pkg/endpoints/handlers/rest.go, limitedReadBody). */
import type { IncomingMessage } from 'node:http';
import { ApiError } from '../api/errors.ts';

/** Upstream's MaxRequestBodyBytes. */
export const maxBodyBytes = 3 * 1024 * 1024;

/** Rejects with 413 for a larger body, 400 when the client goes away in the middle. */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) return reject(tooLarge());
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBodyBytes) {
        request.removeAllListeners('data');
        request.resume();
        reject(tooLarge());
      } else chunks.push(chunk);
    });
    request.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    request.on('error', (error) => reject(new ApiError('BadRequest', 'the body of the request could not be read', { cause: error })));
  });
}

function tooLarge(): ApiError {
  return new ApiError('RequestEntityTooLarge', `Request entity too large: limit is ${String(maxBodyBytes)}`);
}
