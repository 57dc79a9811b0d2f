/** Reads request bodies (apiserver pkg/endpoints/handlers/rest.go, limitedReadBody). */
import { ApiError } from '../api/errors.ts';
import type { Exchange } from './exchange.ts';
import type { HttpRequest } from './http.ts';
import { Pieces } from './pieces.ts';

/** Upstream's MaxRequestBodyBytes. */
export const maxBodyBytes = 3 * 1024 * 1024;

/** The request's body; how large it was is noted. Rejects as {@link readBody} does. */
export async function bodyOf(exchange: Exchange): Promise<Buffer> {
  const body = await readBody(exchange.request);
  exchange.requestBytes = body.length;
  return body;
}

/** Rejects with 413 for a larger body, of which no more is read, and with 400 when the client goes away in the middle. */
function readBody(request: HttpRequest): Promise<Buffer> {
  const whole = request.whole?.();
  if (whole !== undefined) return whole.length > maxBodyBytes ? Promise.reject(tooLarge()) : Promise.resolve(whole);
  return new Promise((resolve, reject) => {
    const pieces = new Pieces();
    let size = 0;
    const refuse = (): void => {
      request.removeAllListeners('data');
      request.pause();
      pieces.take();
      reject(tooLarge());
    };
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBodyBytes) refuse();
      else pieces.add(chunk);
    });
    request.on('end', () => resolve(pieces.joined()));
    request.on('error', (error) => reject(new ApiError('BadRequest', 'the body of the request could not be read', { cause: error })));
    if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) refuse();
  });
}

function tooLarge(): ApiError {
  return new ApiError('RequestEntityTooLarge', `Request entity too large: limit is ${String(maxBodyBytes)}`);
}
