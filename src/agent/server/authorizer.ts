/** Who may use the kubelet API: holders of a client certificate of the cluster whom the API server lets (pkg/kubelet/server/auth.go). */
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../base/clock.ts';
import type { Client, ResourceRef } from '../../client/client.ts';

export interface Caller {
  readonly user: string;
  readonly groups: readonly string[];
}

/** From the certificate, which TLS has checked; undefined without a valid one. */
export function callerOf(socket: TLSSocket): Caller | undefined {
  if (!socket.authorized) return undefined;
  const { subject } = socket.getPeerCertificate();
  const text = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : typeof value === 'string' ? [value] : []);
  return { user: text(subject?.CN)[0] ?? '', groups: text(subject?.O) };
}

export interface Action {
  readonly verb: 'get' | 'create';
  /** Of nodes: stats, log, metrics, pods, healthz, configz or proxy. */
  readonly subresource: string;
}

export function actionOf(method: string, path: string): Action {
  const first = path.split('/')[1] ?? '';
  const named: Readonly<Record<string, string>> = {
    stats: 'stats',
    metrics: 'metrics',
    logs: 'log',
    healthz: 'healthz',
    pods: 'pods',
    configz: 'configz',
  };
  return { verb: method === 'POST' ? 'create' : 'get', subresource: named[first] ?? 'proxy' };
}

const reviews: ResourceRef<{ metadata: object; status: { allowed?: boolean } }> = {
  group: 'authorization.k8s.io',
  version: 'v1',
  resource: 'subjectaccessreviews',
  kind: 'SubjectAccessReview',
  namespaced: false,
};

export type Authorize = (caller: Caller, action: Action) => Promise<boolean>;

/** How long an answer counts, in ms. */
const rememberMs = 5 * 60_000;

export function createAuthorizer(client: Client, nodeName: string, clock: Clock): Authorize {
  const known = new Map<string, { readonly allowed: boolean; readonly until: number }>();
  return async (caller, action) => {
    if (caller.groups.includes('system:masters')) return true;
    const key = JSON.stringify([caller, action]);
    const found = known.get(key);
    if (found !== undefined && found.until > clock.now()) return found.allowed;
    const spec = {
      user: caller.user,
      groups: caller.groups,
      resourceAttributes: { verb: action.verb, resource: 'nodes', subresource: action.subresource, name: nodeName },
    };
    const review = await client.resource(reviews).create('', { metadata: {}, spec } as never);
    const allowed = review.status.allowed === true;
    known.set(key, { allowed, until: clock.now() + rememberMs });
    return allowed;
  };
}
