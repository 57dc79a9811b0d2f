/** /etc/hosts, /etc/resolv.conf and the hostname of a pod; pure. pkg/kubelet/kubelet_pods.go and network/dns/dns.go. */
import type { Pod } from '../../api/generated/types.ts';

/** The short name a pod gives itself, and its full domain ('' without a subdomain). */
export function podHostname(pod: Pod, clusterDomain: string): { readonly hostname: string; readonly domain: string } {
  const { hostname, subdomain, hostnameOverride } = pod.spec as { hostname?: string; subdomain?: string; hostnameOverride?: string };
  if (hostnameOverride !== undefined) return { hostname: hostnameOverride.slice(0, 63).replace(/[-.]+$/, ''), domain: '' };
  const name = (hostname === undefined || hostname === '' ? pod.metadata.name : hostname).slice(0, 63).replace(/[-.]+$/, '');
  const domain = subdomain === undefined || subdomain === '' ? '' : `${subdomain}.${pod.metadata.namespace ?? ''}.svc.${clusterDomain}`;
  return { hostname: name, domain };
}

function aliasText(pod: Pod): string {
  const aliases = pod.spec.hostAliases ?? [];
  if (aliases.length === 0) return '';
  return `\n# Entries added by HostAliases.\n${aliases.map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join('\t')}\n`).join('')}`;
}

export interface HostsInput {
  readonly pod: Pod;
  readonly podIPs: readonly string[];
  readonly hostname: string;
  readonly domain: string;
  /** The node's own /etc/hosts, for pods on its network. */
  readonly nodeHosts: string;
}

export function hostsFile({ pod, podIPs, hostname, domain, nodeHosts }: HostsInput): string {
  if (pod.spec.hostNetwork === true) return `# Kubernetes-managed hosts file (host network).\n${nodeHosts}${aliasText(pod)}`;
  const own = podIPs.map((ip) => (domain === '' ? `${ip}\t${hostname}\n` : `${ip}\t${hostname}.${domain}\t${hostname}\n`));
  return [
    '# Kubernetes-managed hosts file.\n',
    '127.0.0.1\tlocalhost\n',
    '::1\tlocalhost ip6-localhost ip6-loopback\n',
    'fe00::0\tip6-localnet\n',
    'fe00::0\tip6-mcastprefix\n',
    'fe00::1\tip6-allnodes\n',
    'fe00::2\tip6-allrouters\n',
    ...own,
    aliasText(pod),
  ].join('');
}

export interface ResolverSettings {
  readonly nameservers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

export function parseResolvConf(text: string): ResolverSettings {
  const [nameservers, options]: [string[], string[]] = [[], []];
  let searches: string[] = [];
  for (const line of text.split('\n')) {
    const [word = '', ...rest] = line.trim().split(/\s+/);
    if (word === 'nameserver' && rest[0] !== undefined) nameservers.push(rest[0]);
    if (word === 'search') searches = rest.map((name) => (name === '.' ? name : name.replace(/\.$/, '')));
    if (word === 'options') options.push(...rest);
  }
  return { nameservers, searches, options };
}

export interface ResolverInput {
  readonly pod: Pod;
  readonly clusterDNS: readonly string[];
  readonly clusterDomain: string;
  readonly node: ResolverSettings;
}

function base({ pod, clusterDNS, clusterDomain, node }: ResolverInput): ResolverSettings {
  const policy = pod.spec.dnsPolicy ?? 'ClusterFirst';
  if (policy === 'None') return { nameservers: [], searches: [], options: [] };
  const onCluster = policy === 'ClusterFirstWithHostNet' || (policy === 'ClusterFirst' && pod.spec.hostNetwork !== true);
  if (!onCluster || clusterDNS.length === 0) return node;
  const namespace = pod.metadata.namespace ?? '';
  const searches = [`${namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain, ...node.searches];
  return { nameservers: clusterDNS, searches: [...new Set(searches)], options: ['ndots:5'] };
}

/** The limits of the resolver library: 3 name servers, 32 search domains. */
export function resolvConf(input: ResolverInput): string {
  const settings = base(input);
  const { nameservers = [], searches = [], options = [] } = input.pod.spec.dnsConfig ?? {};
  const servers = [...new Set([...settings.nameservers, ...nameservers])].slice(0, 3);
  const domains = [...new Set([...settings.searches, ...searches])].slice(0, 32);
  const merged = new Map(settings.options.map((option) => [option.split(':')[0] ?? '', option]));
  for (const { name = '', value } of options) merged.set(name, value === undefined || value === '' ? name : `${name}:${value}`);
  return [
    ...(domains.length === 0 ? [] : [`search ${domains.join(' ')}\n`]),
    ...servers.map((server) => `nameserver ${server}\n`),
    ...(merged.size === 0 ? [] : [`options ${[...merged.values()].join(' ')}\n`]),
  ].join('');
}
