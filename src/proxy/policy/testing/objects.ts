/** Objects as the API server hands them out, reduced to what network policies look at. */
import type { Namespace, NetworkPolicy, NetworkPolicySpec, Pod } from '../../../api/generated/types.ts';
import { deepFreeze } from '../../../api/object.ts';

function metadata(key: string): { namespace: string; name: string; uid: string; resourceVersion: string } {
  const [namespace = '', name = ''] = key.split('/');
  return { namespace, name, uid: key, resourceVersion: '1' };
}

/** `key` is `namespace/name`. */
export function networkPolicy(key: string, spec: NetworkPolicySpec): NetworkPolicy {
  return deepFreeze({ metadata: metadata(key), spec }) as unknown as NetworkPolicy;
}

export function namespace(name: string, labels: Record<string, string> = {}): Namespace {
  return deepFreeze({ metadata: { name, uid: name, resourceVersion: '1', labels }, spec: {} }) as unknown as Namespace;
}

export interface PodParts {
  readonly labels?: Record<string, string>;
  readonly node?: string;
  readonly ips?: readonly string[];
  readonly phase?: string;
  readonly hostNetwork?: boolean;
  /** Named container ports: `web: 8080`, TCP. */
  readonly ports?: Record<string, number>;
}

export function pod(key: string, parts: PodParts): Pod {
  const { labels = {}, node = 'n1', ips = [], phase = 'Running', hostNetwork, ports = {} } = parts;
  return deepFreeze({
    metadata: { ...metadata(key), labels },
    spec: {
      nodeName: node,
      ...(hostNetwork === undefined ? {} : { hostNetwork }),
      containers: [{ name: 'c', ports: Object.entries(ports).map(([name, containerPort]) => ({ name, containerPort })) }],
    },
    status: { phase, podIPs: ips.map((ip) => ({ ip })) },
  }) as unknown as Pod;
}
