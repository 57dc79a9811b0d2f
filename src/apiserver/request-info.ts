/** What a request is about, by its method and path alone (apiserver pkg/endpoints/request/requestinfo.go). */

export interface RequestInfo {
  readonly resourceRequest: boolean;
  /** Decoded, without the query. */
  readonly path: string;
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`; otherwise the method in lower case. */
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** From the resource on: `['pods', 'a', 'proxy', 'x', 'y']`. */
  readonly parts: readonly string[];
  /** Below /api/v1/watch/: the old way to ask for a watch. */
  readonly watchPrefix: boolean;
}

/** Thrown for paths that promise a resource and then stop, and for bad percent escapes. */
export class BadPath extends Error {}

const methodVerbs: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** `namespaces/NAME/status` is a subresource, `namespaces/NAME/pods` is a place. */
const namespaceSubresources: ReadonlySet<string> = new Set(['status', 'finalize']);

/** `wantsWatch`: the query asks for a watch. */
export function requestInfo(method: string, rawPath: string, wantsWatch: boolean): RequestInfo {
  const path = decode(rawPath);
  const info = {
    resourceRequest: false,
    path,
    verb: method.toLowerCase(),
    group: '',
    version: '',
    resource: '',
    subresource: '',
    namespace: '',
    name: '',
    parts: [] as string[],
    watchPrefix: false,
  };
  // Routes begin with one slash.
  if (path.startsWith('//')) return info;
  let parts = split(path);
  const grouped = parts[0] === 'apis';
  if ((!grouped && parts[0] !== 'api') || parts.length < (grouped ? 4 : 3) || parts[1] === '') return info;
  info.resourceRequest = true;
  info.group = grouped ? (parts[1] ?? '') : '';
  info.version = parts[grouped ? 2 : 1] ?? '';
  parts = parts.slice(grouped ? 3 : 2);
  if (parts[0] === 'watch' || parts[0] === 'proxy') {
    if (parts.length < 2) throw new BadPath(`unable to determine kind and namespace from url, ${rawPath}`);
    info.verb = parts[0];
    info.watchPrefix = parts[0] === 'watch';
    parts = parts.slice(1);
  } else info.verb = methodVerbs[method] ?? '';
  if (parts[0] === 'namespaces' && parts.length > 1) {
    info.namespace = parts[1] ?? '';
    if (parts.length > 2 && !namespaceSubresources.has(parts[2] ?? '')) parts = parts.slice(2);
  }
  info.parts = parts;
  info.resource = parts[0] ?? '';
  info.name = parts[1] ?? '';
  if (!info.watchPrefix) info.subresource = parts[2] ?? '';
  if (info.name === '' && info.verb === 'get') info.verb = wantsWatch ? 'watch' : 'list';
  if (info.name === '' && info.verb === 'delete') info.verb = 'deletecollection';
  return info;
}

function split(path: string): string[] {
  const trimmed = path.replace(/^\/+|\/+$/g, '');
  return trimmed === '' ? [] : trimmed.split('/');
}

/** Bytes that are no UTF-8 are let through as U+FFFD: nothing is called that. */
function decode(path: string): string {
  if (!path.includes('%')) return path;
  if (/%(?![0-9a-fA-F]{2})/.test(path)) throw new BadPath(`invalid URL escape in ${path}`);
  try {
    return decodeURIComponent(path);
  } catch {
    const bytes = Buffer.from(
      path.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
      'latin1',
    );
    return bytes.toString();
  }
}
