/** What is mutated: the requests of the comparison with the real server, which are all sensible or sensibly wrong. */
import { samples, collectionPath, named } from '../compare/cases/samples.ts';
import { allCases } from '../compare/cases/index.ts';

export interface Seed {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A JSON value, text, or nothing. */
  readonly body: unknown;
}

const namespace = 'fuzz';

/** `{ns}` and `{run}` filled in, everywhere. */
function filled<T>(value: T): T {
  if (value === undefined) return value;
  return JSON.parse(JSON.stringify(value).replaceAll('{ns}', namespace).replaceAll('{run}', 'f')) as T;
}

/** Streams that would not end by themselves are left out. */
const ends = (path: string): boolean => !/[?&]watch=|\/watch\/|[?&]follow=|\/(exec|attach|portforward)\b/.test(path);

export function seeds(): readonly Seed[] {
  const steps = allCases().flatMap((one) => one.steps);
  const fromCases = steps
    .filter(({ path, as }) => ends(path) && as === undefined)
    .map(({ method, path, headers = {}, body }) => ({ method, path: filled(path), headers: filled(headers), body: filled(body) }));
  const fromSamples = samples.flatMap((sample): Seed[] => {
    const path = filled(collectionPath(sample));
    const object = filled(named(sample, sample.full ?? sample.minimal, 'fuzz'));
    const one = `${path}/${object.metadata.name}`;
    return [
      { method: 'POST', path, headers: {}, body: object },
      { method: 'PUT', path: one, headers: {}, body: object },
      { method: 'PUT', path: `${one}/status`, headers: {}, body: { ...object, status: filled(sample.status) ?? {} } },
      {
        method: 'PATCH',
        path: `${one}?fieldManager=f&force=true`,
        headers: { 'content-type': 'application/apply-patch+yaml' },
        body: object,
      },
      { method: 'GET', path: one, headers: {}, body: undefined },
      { method: 'GET', path, headers: {}, body: undefined },
      { method: 'DELETE', path: one, headers: {}, body: undefined },
    ];
  });
  return [...fromCases, ...fromSamples];
}

/** What the corpus stands on. */
export const preparation: readonly Seed[] = [
  { method: 'POST', path: '/api/v1/namespaces', headers: {}, body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } } },
];
