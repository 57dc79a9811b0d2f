/** Images in a Docker Engine. */
import type { Image, RegistryAuth } from '../runtime.ts';
import { RuntimeError } from '../runtime.ts';
import type { Engine } from './engine.ts';
import type { ImageBody } from './inspect.ts';
import { imageOf } from './inspect.ts';

export async function findImage(engine: Engine, reference: string): Promise<Image | undefined> {
  const body = await engine.find<ImageBody>({ method: 'GET', path: `/images/${reference}/json` });
  return body === undefined ? undefined : imageOf(body);
}

export async function listImages(engine: Engine): Promise<readonly Image[]> {
  return (await engine.json<ImageBody[]>({ method: 'GET', path: '/images/json' })).map(imageOf);
}

/** Tells whether it is gone. What a container uses stays, whoever started it. */
export async function removeImage(engine: Engine, id: string): Promise<boolean> {
  try {
    await engine.find({ method: 'DELETE', path: `/images/${id}` });
    return true;
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'conflict') return false;
    throw error;
  }
}

/** The repository and the tag or digest of a reference; `latest` when it names neither. */
export function splitReference(reference: string): { readonly repository: string; readonly tag: string } {
  const digest = reference.indexOf('@');
  if (digest >= 0) return { repository: reference.slice(0, digest).replace(/:[^/:]*$/, ''), tag: reference.slice(digest + 1) };
  const colon = reference.lastIndexOf(':');
  if (colon < 0 || reference.includes('/', colon)) return { repository: reference, tag: 'latest' };
  return { repository: reference.slice(0, colon), tag: reference.slice(colon + 1) };
}

/** Resolves when the image is there; progress is thrown away. */
export async function pullImage(engine: Engine, reference: string, auth: RegistryAuth | undefined): Promise<void> {
  const { repository, tag } = splitReference(reference);
  const answer = await engine.stream({
    method: 'POST',
    path: '/images/create',
    query: { fromImage: repository, tag },
    headers: { 'x-registry-auth': Buffer.from(JSON.stringify(auth ?? {})).toString('base64url') },
  });
  let rest = '';
  answer.setEncoding('utf8');
  for await (const chunk of answer) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) refuseErrors(line);
  }
  refuseErrors(rest);
}

function refuseErrors(line: string): void {
  if (line.trim() === '') return;
  const { error } = JSON.parse(line) as { error?: string };
  if (error !== undefined) throw new RuntimeError('failed', error);
}
