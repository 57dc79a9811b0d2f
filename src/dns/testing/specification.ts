/**
 * The Kubernetes DNS specification 1.1.0 as a table: objects, and what a server answers about them.
 */
import type { types } from '../wire.ts';

const domain = 'cluster.local';

interface Endpoint {
  readonly addresses: readonly string[];
  readonly hostname?: string;
  readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean };
}

function service(name: string, spec: object): object {
  return { metadata: { name, namespace: 'spec' }, spec };
}

function slice(
  of: string,
  addressType: 'IPv4' | 'IPv6',
  endpoints: readonly Endpoint[],
  ports: readonly object[] = [{ name: 'http', port: 8080, protocol: 'TCP' }],
): object {
  return {
    metadata: { name: `${of}-${addressType.toLowerCase()}`, namespace: 'spec', labels: { 'kubernetes.io/service-name': of } },
    addressType,
    endpoints,
    ports,
  };
}

const http = { name: 'http', port: 80, protocol: 'TCP' };

/** Services whose addresses are given by the test: `clusterIPs` must lie in 10.43.0.0/16 and fd43::/112. */
export const services = [
  service('web', {
    clusterIP: '10.43.7.5',
    clusterIPs: ['10.43.7.5', 'fd43::705'],
    ipFamilies: ['IPv4', 'IPv6'],
    ipFamilyPolicy: 'RequireDualStack',
    ports: [http, { name: 'dns', port: 53, protocol: 'UDP' }],
  }),
  service('six', {
    clusterIP: 'fd43::706',
    clusterIPs: ['fd43::706'],
    ipFamilies: ['IPv6'],
    ipFamilyPolicy: 'SingleStack',
    ports: [{ port: 443, protocol: 'TCP' }],
  }),
  service('idle', {
    clusterIP: '10.43.7.7',
    clusterIPs: ['10.43.7.7'],
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    ports: [http],
  }),
  service('db', { clusterIP: 'None', clusterIPs: ['None'], ports: [http, { name: 'metrics', port: 9100, protocol: 'TCP' }] }),
  service('empty', { clusterIP: 'None', clusterIPs: ['None'], ports: [http] }),
  service('outside', { type: 'ExternalName', externalName: 'www.example.org' }),
  service('chain', { type: 'ExternalName', externalName: 'web.spec.svc.cluster.local' }),
] as const;

export const slices = [
  slice('web', 'IPv4', [{ addresses: ['10.42.7.2'], conditions: { ready: true } }]),
  slice(
    'db',
    'IPv4',
    [
      { addresses: ['10.42.7.10'], hostname: 'db-0', conditions: { ready: true } },
      { addresses: ['10.42.7.11'], hostname: 'db-1', conditions: { ready: true } },
      { addresses: ['10.42.7.12'], conditions: { ready: true } },
      { addresses: ['10.42.7.13'], hostname: 'db-3', conditions: { ready: false } },
    ],
    [
      { name: 'http', port: 8080, protocol: 'TCP' },
      { name: 'metrics', port: 9100, protocol: 'TCP' },
    ],
  ),
  slice('db', 'IPv6', [{ addresses: ['fd42::710'], hostname: 'db-0', conditions: { ready: true } }]),
] as const;

export interface Case {
  /** Section of the specification, or what is shown. */
  readonly about: string;
  /** Below the cluster's domain unless it ends with a dot. */
  readonly name: string;
  readonly type: keyof typeof types;
  readonly rcode?: 'NOERROR' | 'NXDOMAIN';
  /** `NAME TYPE DATA`, names below the domain without it; sorted. Without answers the authority section holds the SOA. */
  readonly answers?: readonly string[];
}

function found(about: string, name: string, type: Case['type'], ...data: string[]): Case {
  return { about, name, type, answers: data.map((one) => `${name} ${type} ${one}`).sort() };
}

const nodata = (about: string, name: string, type: Case['type']): Case => ({ about, name, type });
const nxdomain = (about: string, name: string, type: Case['type'] = 'A'): Case => ({ about, name, type, rcode: 'NXDOMAIN' });

const db = 'db.spec.svc';
const web = 'web.spec.svc';

export const cases: readonly Case[] = [
  found('2.2 schema version', 'dns-version', 'TXT', '"1.1.0"'),
  found('2.3.1 address of a Service with a ClusterIP', web, 'A', '10.43.7.5'),
  found('2.3.1 the other family', web, 'AAAA', 'fd43::705'),
  nodata('2.3.1 a family the Service does not have', 'six.spec.svc', 'A'),
  found('2.3.1 a Service without endpoints has its address', 'idle.spec.svc', 'A', '10.43.7.7'),
  { ...found('names are compared without case', 'WEB.Spec.svc', 'A', '10.43.7.5'), answers: ['web.spec.svc A 10.43.7.5'] },
  found('2.3.2 SRV of a named port', `_http._tcp.${web}`, 'SRV', `0 100 80 ${web}`),
  found('2.3.2 SRV of a named port, UDP', `_dns._udp.${web}`, 'SRV', `0 100 53 ${web}`),
  nxdomain('2.3.2 a port of another protocol', `_http._udp.${web}`, 'SRV'),
  nxdomain('2.3.2 a port there is not', `_ftp._tcp.${web}`, 'SRV'),
  found('2.3.2 SRV of the Service itself: all its ports', web, 'SRV', `0 50 53 ${web}`, `0 50 80 ${web}`),
  found('2.3.3 PTR of a ClusterIP', '5.7.43.10.in-addr.arpa.', 'PTR', web),
  found('2.3.3 PTR of a ClusterIP, IPv6', '5.0.7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.3.4.d.f.ip6.arpa.', 'PTR', web),
  nxdomain('2.3.3 an address no Service has', '99.99.43.10.in-addr.arpa.', 'PTR'),
  found('2.4.1 headless: addresses of what is ready', db, 'A', '10.42.7.10', '10.42.7.11', '10.42.7.12'),
  found('2.4.1 headless, IPv6', db, 'AAAA', 'fd42::710'),
  found('2.4.1 an endpoint by its host name', `db-0.${db}`, 'A', '10.42.7.10'),
  found('2.4.1 an endpoint by its host name, IPv6', `db-0.${db}`, 'AAAA', 'fd42::710'),
  found('2.4.1 an endpoint without host name, by its address', `10-42-7-12.${db}`, 'A', '10.42.7.12'),
  nxdomain('2.4.1 an endpoint that is not ready', `db-3.${db}`),
  nxdomain('2.4.1 an endpoint there is not', `db-9.${db}`),
  nxdomain('2.4.1 headless without endpoints', 'empty.spec.svc'),
  found(
    '2.4.2 SRV of a headless port: one an endpoint',
    `_metrics._tcp.${db}`,
    'SRV',
    `0 33 9100 10-42-7-12.${db}`,
    `0 33 9100 db-0.${db}`,
    `0 33 9100 db-1.${db}`,
  ),
  found('2.4.3 PTR of an endpoint with host name', '10.7.42.10.in-addr.arpa.', 'PTR', `db-0.${db}`),
  found(
    '2.4.3 PTR of an endpoint with host name, IPv6',
    '0.1.7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.4.d.f.ip6.arpa.',
    'PTR',
    `db-0.${db}`,
  ),
  { about: '2.5 ExternalName: CNAME', name: 'outside.spec.svc', type: 'CNAME', answers: ['outside.spec.svc CNAME www.example.org.'] },
  {
    about: '2.5 ExternalName within the cluster',
    name: 'chain.spec.svc',
    type: 'A',
    answers: ['chain.spec.svc CNAME web.spec.svc', 'web.spec.svc A 10.43.7.5'],
  },
  found('pods insecure: any address by name', '10-1-2-3.spec.pod', 'A', '10.1.2.3'),
  found('pods insecure: IPv6', 'fd42--99.spec.pod', 'AAAA', 'fd42::99'),
  nodata('pods insecure: the other family', '10-1-2-3.spec.pod', 'AAAA'),
  nxdomain('pods: what is no address', 'a-b-c.spec.pod'),
  nxdomain('pods: a namespace there is not', '10-1-2-3.nowhere.pod'),
  nxdomain('a Service there is not', 'nope.spec.svc'),
  nxdomain('a namespace there is not', 'web.nowhere.svc'),
  nodata('a namespace alone exists', 'spec.svc', 'A'),
  nodata('svc alone exists', 'svc', 'A'),
  nodata('a type no Service has', web, 'TXT'),
  nxdomain('a kind there is not', 'web.spec.nope'),
  nxdomain('labels in front of a Service’s address', `a.b.c.${web}`),
];

/** `name` in full. */
export function fullName(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : `${name}.${domain}`;
}

/** The lines of a case as {@link show} would write them, without TTL. */
export function expectedAnswers({ answers = [] }: Case): string[] {
  return answers
    .map((line) => {
      const words = line.split(' ');
      const isName = (at: number): boolean => at === 0 || (at === words.length - 1 && ['SRV', 'PTR', 'CNAME'].includes(words[1] ?? ''));
      return words.map((word, at) => (isName(at) ? fullName(word) : word)).join(' ');
    })
    .sort();
}
