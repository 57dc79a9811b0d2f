/** Objects of every kind the comparison knows, made on one server and read from another. */
import type { Json } from '../compare/case.ts';
import type { Target } from '../compare/target.ts';
import { collectionPath, named, samples, type KindSample, type Named } from '../compare/cases/samples.ts';

const run = 'exchange';
const fill = (text: string): string => text.replaceAll('{ns}', run).replaceAll('{run}', run);

export interface Read {
  readonly path: string;
  readonly code: number;
  readonly object: Json;
}

/** Makes a small and a fuller object of each kind; answers their paths. Throws when there is none of a kind. */
export async function makeAll(target: Target): Promise<string[]> {
  await target.send({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: run } } }, fill);
  const account = { metadata: { name: 'default' } };
  await target.send({ method: 'POST', path: `/api/v1/namespaces/${run}/serviceaccounts`, body: account }, fill);
  const paths: string[] = [];
  const kinds = new Set<string>();
  const refused: string[] = [];
  for (const sample of samples) {
    const bodies = [['small', sample.minimal] as const, ...(sample.full === undefined ? [] : [['large', sample.full] as const])];
    for (const [role, fields] of bodies) {
      const answer = await make(target, sample, named(sample, fields, role));
      // Versions of one kind share names.
      const made = answer.code === 409 ? await make(target, sample, named(sample, fields, `${role}er`)) : answer;
      // The APIService of a custom resource's group is made by upstream's server itself.
      if (made.code === 201 || made.code === 409) {
        kinds.add(`${sample.apiVersion} ${sample.kind}`);
        paths.push(made.path);
      } else refused.push(`${made.path} ${made.text}`);
    }
  }
  const missing = samples.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`).filter((kind) => !kinds.has(kind));
  if (missing.length > 0) throw new Error(`none could be made of: ${[...new Set(missing)].join(', ')}\n${refused.join('\n')}`);
  return paths;
}

interface Discovered {
  readonly groupVersion: string;
  readonly resources: readonly { readonly name: string; readonly kind: string; readonly verbs: readonly string[] }[];
}

/** The kinds a server stores of which {@link makeAll} makes none. */
export async function unknownKinds(target: Target): Promise<string[]> {
  const read = async <T>(path: string): Promise<T> => JSON.parse((await target.send({ method: 'GET', path }, fill)).text) as T;
  const { groups } = await read<{ groups: { versions: { groupVersion: string }[] }[] }>('/apis');
  const paths = ['/api/v1', ...groups.flatMap(({ versions }) => versions.map(({ groupVersion }) => `/apis/${groupVersion}`))];
  const known = new Set(samples.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`));
  const found: string[] = [];
  for (const path of paths) {
    const { groupVersion, resources } = await read<Discovered>(path);
    const stored = resources.filter(({ name, verbs }) => !name.includes('/') && verbs.includes('create') && verbs.includes('list'));
    for (const { kind } of stored) if (!known.has(`${groupVersion} ${kind}`)) found.push(`${groupVersion} ${kind}`);
  }
  return found;
}

async function make(target: Target, sample: KindSample, body: Named): Promise<{ code: number; text: string; path: string }> {
  const { code, text } = await target.send({ method: 'POST', path: collectionPath(sample), body }, fill);
  return { code, text, path: fill(`${collectionPath(sample)}/${body.metadata.name}`) };
}

/** Upstream's server writes the status of these by itself when it starts. */
const written = /\/(customresourcedefinitions|apiservices|flowschemas|prioritylevelconfigurations)\//;

/** What must be the same of two reads: all of an object, but for what the second server has to write by itself. */
export function comparable(reads: readonly Read[], others: readonly Read[]): unknown[] {
  return reads.map(({ path, code, object: read }, at) => {
    // An empty list that has to be there is null after a way through protobuf; here it stays a list.
    const object = JSON.parse(JSON.stringify(read).replace('"drivers":null', '"drivers":[]')) as Json;
    const other = others[at]?.object as Json;
    const metadata = object['metadata'] as Json;
    if (metadata['resourceVersion'] === (other['metadata'] as Json)['resourceVersion'] || !written.test(path))
      return { path, code, object };
    const { status: _status, ...rest } = object;
    const { resourceVersion: _version, managedFields: _fields, ...meta } = metadata;
    return { path, code, object: { ...rest, metadata: meta } };
  });
}

export async function readAll(target: Target, paths: readonly string[]): Promise<Read[]> {
  const reads: Read[] = [];
  for (const path of paths) {
    const { code, text } = await target.send({ method: 'GET', path }, fill);
    reads.push({ path, code, object: JSON.parse(text) as Json });
  }
  return reads;
}

/** Every collection as a list, across namespaces: whatever else is there must be understood too. */
export async function listAll(target: Target): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const path of new Set(samples.map((sample) => fill(collectionPath(sample)).replace(`/namespaces/${run}`, '')))) {
    const { code, text } = await target.send({ method: 'GET', path }, fill);
    if (code !== 200) throw new Error(`${path}: ${String(code)} ${text}`);
    sizes.set(path, (JSON.parse(text) as { items: unknown[] }).items.length);
  }
  return sizes;
}
