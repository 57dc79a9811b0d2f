/**
 * The Kubernetes DNS specification 1.1.0 (github.com/kubernetes/dns, docs/specification.md) as pure functions over a view of the
 * cluster. Where it leaves room, the answers are those of CoreDNS with `pods insecure` (plugin/kubernetes).
 */
import type { EndpointSlice, Service } from '../api/generated/types.ts';
import { addressBytes } from './addresses.ts';
import type { DnsRecord } from './wire.ts';
import { types } from './wire.ts';

/** What the records are made of. Names are in lower case. */
export interface ClusterView {
  service(namespace: string, name: string): Service | undefined;
  /** All slices of a service. */
  slices(namespace: string, name: string): Iterable<EndpointSlice>;
  hasNamespace(name: string): boolean;
  /** Services by one of their cluster addresses, in canonical form. */
  servicesByIP(ip: string): Iterable<Service>;
  /** Slices by one of their endpoints' addresses, in canonical form. */
  slicesByIP(ip: string): Iterable<EndpointSlice>;
}

export interface ZoneOptions {
  /** `cluster.local` */
  readonly domain: string;
  /** Addresses of this DNS service, for `ns.dns.DOMAIN`. */
  readonly dnsIPs: readonly string[];
  /** Grows with the cluster's changes. */
  serial(): number;
}

export const ttl = 5;
const version = '1.1.0';

export type Lookup =
  | { readonly kind: 'records'; readonly answers: readonly DnsRecord[]; readonly additionals: readonly DnsRecord[] }
  /** The name is another name outside of the zone's knowledge: the target is to be asked elsewhere and added. */
  | { readonly kind: 'alias'; readonly target: string }
  /** The name exists, without records of this type. */
  | { readonly kind: 'nodata' }
  | { readonly kind: 'nxdomain' };

const nodata: Lookup = { kind: 'nodata' };
const nxdomain: Lookup = { kind: 'nxdomain' };

/** The zone's start of authority. */
export function soaRecord(options: ZoneOptions): DnsRecord {
  const { domain } = options;
  return {
    name: domain,
    ttl,
    data: {
      type: types.SOA,
      mname: `ns.dns.${domain}`,
      rname: `hostmaster.${domain}`,
      serial: options.serial() >>> 0,
      times: [7200, 1800, 86_400, ttl],
    },
  };
}

/** `name` is in lower case, at or below the domain. */
export function lookup(view: ClusterView, options: ZoneOptions, question: { readonly name: string; readonly type: number }): Lookup {
  const labels = question.name === options.domain ? [] : question.name.slice(0, -options.domain.length - 1).split('.');
  const [kind, namespace, ...rest] = [...labels].reverse();
  if (kind === undefined) return apex(options, question.type);
  if (kind === 'dns-version' && labels.length === 1)
    return question.type === types.TXT ? records([{ ttl, data: { type: types.TXT, text: version } }]) : nodata;
  if (kind === 'dns') return nameServer(options, labels, question.type);
  if (kind !== 'svc' && kind !== 'pod') return nxdomain;
  if (namespace === undefined) return nodata;
  if (!view.hasNamespace(namespace)) return nxdomain;
  if (rest.length === 0) return nodata;
  return kind === 'pod'
    ? podLookup(rest, question.type)
    : serviceLookup(view, { namespace, path: rest, type: question.type, domain: options.domain });
}

function apex(options: ZoneOptions, type: number): Lookup {
  if (type === types.SOA) return records([soaRecord(options)]);
  if (type !== types.NS) return nodata;
  const target = `ns.dns.${options.domain}`;
  return records([{ ttl, data: { type: types.NS, target } }], addresses(options.dnsIPs, undefined, target));
}

function nameServer(options: ZoneOptions, labels: readonly string[], type: number): Lookup {
  if (labels.length === 1) return nodata;
  if (labels.join('.') !== 'ns.dns') return nxdomain;
  return some(addresses(options.dnsIPs, type));
}

/** `a-b-c-d.NAMESPACE.pod`: any address is answered as it is written, whether or not a pod has it. */
function podLookup(path: readonly string[], type: number): Lookup {
  const [text = '', ...more] = path;
  if (more.length > 0) return nxdomain;
  const ip = /^\d+-\d+-\d+-\d+$/.test(text) ? text.replaceAll('-', '.') : text.replaceAll('-', ':');
  if (addressBytes(ip) === undefined) return nxdomain;
  return some(addresses([ip], type));
}

interface ServiceQuery {
  readonly namespace: string;
  /** Labels from the service's name on, backwards: name, then endpoint or protocol and port. */
  readonly path: readonly string[];
  readonly type: number;
  readonly domain: string;
}

interface Target {
  readonly ip: string;
  readonly port: number;
  /** The name whose address records lead to `ip`. */
  readonly name: string;
}

function serviceLookup(view: ClusterView, query: ServiceQuery): Lookup {
  const [name = '', second, third, ...more] = query.path;
  if (more.length > 0) return nxdomain;
  const service = view.service(query.namespace, name);
  if (service === undefined) return nxdomain;
  const isPort = third !== undefined && second?.startsWith('_') === true && third.startsWith('_');
  if (third !== undefined && !isPort) return nxdomain;
  const endpoint = isPort || second?.startsWith('_') === true ? undefined : second;
  if (service.spec.type === 'ExternalName') return second === undefined ? external(service) : nxdomain;
  // `_tcp.NAME` alone names nothing but exists, as a node between names.
  if (second?.startsWith('_') === true && !isPort) return nodata;
  const base = `${name}.${query.namespace}.svc.${query.domain}`;
  const filter = { port: isPort ? third.slice(1) : undefined, protocol: isPort ? second?.slice(1) : undefined, endpoint };
  const targets =
    isHeadless(service) || endpoint !== undefined
      ? endpointTargets(view.slices(query.namespace, name), base, filter)
      : clusterTargets(service, base, filter);
  if (targets.length === 0) return nxdomain;
  return query.type === types.SRV ? srv(targets) : some(addresses([...new Set(targets.map((target) => target.ip))], query.type));
}

function external(service: Service): Lookup {
  const target = (service.spec.externalName ?? '').toLowerCase().replace(/\.$/, '');
  // An address is no name to be sent on to (CoreDNS answers the same).
  if (target === '' || addressBytes(target) !== undefined) return nxdomain;
  return { kind: 'alias', target };
}

export function isHeadless(service: Service): boolean {
  return service.spec.clusterIP === 'None';
}

interface PortFilter {
  readonly port: string | undefined;
  readonly protocol: string | undefined;
  readonly endpoint: string | undefined;
}

function matches(filter: PortFilter, port: { readonly name?: string; readonly protocol?: string }): boolean {
  if (filter.port !== undefined && filter.port !== (port.name ?? '').toLowerCase()) return false;
  return filter.protocol === undefined || filter.protocol === (port.protocol ?? 'TCP').toLowerCase();
}

function clusterTargets(service: Service, base: string, filter: PortFilter): Target[] {
  const ports = (service.spec.ports ?? []).filter((port) => matches(filter, port));
  const ips = service.spec.clusterIPs ?? [service.spec.clusterIP ?? ''];
  return ports.flatMap((port) => ips.map((ip) => ({ ip, port: port.port, name: base })));
}

function endpointTargets(slices: Iterable<EndpointSlice>, base: string, filter: PortFilter): Target[] {
  const targets = new Map<string, Target>();
  for (const slice of slices) {
    const ports = (slice.ports ?? []).filter((port) => matches(filter, port));
    // A service without ports still has addresses.
    const numbers =
      ports.length === 0 && filter.port === undefined && (slice.ports ?? []).length === 0 ? [0] : ports.map((port) => port.port ?? 0);
    for (const endpoint of slice.endpoints ?? []) {
      if (endpoint.conditions?.ready === false) continue;
      for (const ip of endpoint.addresses) {
        const host = endpointName(endpoint.hostname, ip);
        if (filter.endpoint !== undefined && filter.endpoint !== host) continue;
        for (const port of numbers) targets.set(`${host} ${ip} ${port}`, { ip, port, name: `${host}.${base}` });
      }
    }
  }
  return [...targets.values()];
}

/** The label an endpoint is known by below its service. */
export function endpointName(hostname: string | undefined, ip: string): string {
  return hostname === undefined || hostname === '' ? ip.replaceAll(/[.:]/g, '-').toLowerCase() : hostname.toLowerCase();
}

function srv(targets: readonly Target[]): Lookup {
  const unique = new Map(targets.filter((target) => target.port !== 0).map((target) => [`${target.name} ${target.port}`, target]));
  const weight = Math.max(1, Math.floor(100 / Math.max(1, unique.size)));
  const answers = [...unique.values()].map(({ name, port }): DnsRecord => ({
    ttl,
    data: { type: types.SRV, priority: 0, weight, port, target: name },
  }));
  if (answers.length === 0) return nodata;
  const known = new Map(targets.map((target) => [`${target.name} ${target.ip}`, target]));
  return records(
    answers,
    [...known.values()].flatMap((target) => addresses([target.ip], undefined, target.name)),
  );
}

/** Address records of one type, or of both when it is undefined. */
function addresses(ips: readonly string[], type?: number, name?: string): DnsRecord[] {
  return ips.flatMap((ip): DnsRecord[] => {
    const address = addressBytes(ip);
    if (address === undefined) return [];
    const own = address.length === 4 ? types.A : types.AAAA;
    return type === undefined || type === own ? [{ ...(name === undefined ? {} : { name }), ttl, data: { type: own, address } }] : [];
  });
}

function records(answers: readonly DnsRecord[], additionals: readonly DnsRecord[] = []): Lookup {
  return { kind: 'records', answers, additionals };
}

function some(answers: readonly DnsRecord[]): Lookup {
  return answers.length === 0 ? nodata : records(answers);
}

/** The names of an address: its service, or else the endpoints that have it. */
export function reverseLookup(view: ClusterView, options: ZoneOptions, ip: string): readonly DnsRecord[] {
  const under = `svc.${options.domain}`;
  const pointer = (target: string): DnsRecord => ({ ttl, data: { type: types.PTR, target } });
  for (const { metadata } of view.servicesByIP(ip)) return [pointer(`${metadata.name}.${metadata.namespace}.${under}`)];
  const names = new Set<string>();
  for (const slice of view.slicesByIP(ip)) {
    const service = slice.metadata.labels?.['kubernetes.io/service-name'];
    if (service === undefined) continue;
    for (const endpoint of slice.endpoints ?? []) {
      if (endpoint.conditions?.ready === false || !endpoint.addresses.includes(ip)) continue;
      names.add(`${endpointName(endpoint.hostname, ip)}.${service}.${slice.metadata.namespace}.${under}`);
    }
  }
  return [...names].map(pointer);
}
