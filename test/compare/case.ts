/** What a case of the comparison is: requests, one after the other, that both servers get alike. */

/** `{ns}` is the run's namespace and `{run}` a word of the run, the same on both servers; both work in paths and in bodies. */
export interface Step {
  readonly method: string;
  readonly path: string;
  /** An object goes out as JSON, a string as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whose request: the kubeconfig's user unless said otherwise; 'none' sends no credentials, any other word is a bearer token. */
  readonly as?: string;
  /** The answer is not compared: the step only prepares. */
  readonly quiet?: boolean;
  /** More to mask: paths of fields, dots between, `*` for every element (`status`, `items.*.status`). */
  readonly mask?: readonly string[];
  /** Watches: how many events to wait for before hanging up (or until the server ends the stream). */
  readonly events?: number;
}

export interface Case {
  readonly name: string;
  readonly steps: readonly Step[];
}

export type Json = Readonly<Record<string, unknown>>;
type Options = Omit<Step, 'method' | 'path' | 'body'>;

export const get = (path: string, options: Options = {}): Step => ({ method: 'GET', path, ...options });
export const post = (path: string, body: unknown, options: Options = {}): Step => ({ method: 'POST', path, body, ...options });
export const put = (path: string, body: unknown, options: Options = {}): Step => ({ method: 'PUT', path, body, ...options });
export const remove = (path: string, body?: unknown, options: Options = {}): Step => ({ method: 'DELETE', path, body, ...options });

const patchTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const;

export function patch(kind: keyof typeof patchTypes, path: string, body: unknown, options: Options = {}): Step {
  return { method: 'PATCH', path, body, ...options, headers: { 'content-type': patchTypes[kind], ...options.headers } };
}

/** Server-side apply; an object goes out as JSON, which is YAML too. */
export function apply(manager: string, path: string, body: unknown, options: Options & { readonly query?: string } = {}): Step {
  const { query = '', ...rest } = options;
  const headers = { 'content-type': 'application/apply-patch+yaml', ...options.headers };
  return { method: 'PATCH', path: `${path}?fieldManager=${manager}${query}`, body, ...rest, headers };
}

/** A list or object as kubectl asks for it; the rows' objects are left out. */
export function table(path: string, options: Options = {}): Step {
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
  const query = `${path}${path.includes('?') ? '&' : '?'}includeObject=None`;
  return get(query, { ...options, headers: { accept, ...options.headers } });
}

export const quiet = (step: Step): Step => ({ ...step, quiet: true });
