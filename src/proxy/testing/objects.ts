/** Short forms of the objects the proxy reads, for tests. */
export interface ServiceForm {
  readonly type?: string;
  readonly clusterIPs: readonly string[];
  readonly ports: readonly { name?: string; port: number; protocol?: string; nodePort?: number }[];
  readonly ingress?: readonly { ip: string; ipMode?: string }[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** A Service `default/NAME`; other fields go into its spec. */
export function service(
  name: string,
  { ingress, labels, ...spec }: ServiceForm,
): { metadata: { name: string; namespace: string }; spec: object; status: object } {
  return {
    metadata: { name, namespace: 'default', ...(labels === undefined ? {} : { labels }) },
    spec: { clusterIP: spec.clusterIPs[0], ...spec },
    status: { loadBalancer: { ...(ingress === undefined ? {} : { ingress }) } },
  };
}

export interface SliceForm {
  readonly addressType?: 'IPv4' | 'IPv6';
  readonly endpoints: readonly {
    ip: string;
    nodeName?: string;
    ready?: boolean;
    serving?: boolean;
    terminating?: boolean;
    hostname?: string;
  }[];
  readonly ports: readonly { name?: string; port: number; protocol?: string }[];
}

/** The slice of one family of the Service `default/NAME`. */
export function endpointSlice(name: string, { addressType = 'IPv4', endpoints, ports }: SliceForm): object {
  return {
    metadata: { name: `${name}-${addressType.toLowerCase()}`, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
    addressType,
    endpoints: endpoints.map(({ ip, nodeName, hostname, ...conditions }) => ({
      addresses: [ip],
      conditions,
      ...(nodeName === undefined ? {} : { nodeName }),
      ...(hostname === undefined ? {} : { hostname }),
    })),
    ports: ports.map((port) => ({ name: '', protocol: 'TCP', ...port })),
  };
}
