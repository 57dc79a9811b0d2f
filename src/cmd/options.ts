/** Every setting in one table: flag, environment variable, config file key, default and help. Names are k3s's where it has one. */
import { admissionPluginNames } from '../admission/names.ts';
import { defaultThresholds, parseThresholds } from '../agent/eviction/thresholds.ts';
import { isIP } from 'node:net';
import { featureGates, parseFeatureGate } from '../api/feature-gates.ts';
import { checkSchedule } from './check-schedule.ts';
import { reservedAmounts } from './reserved-amounts.ts';
import { UsageError } from './usage-error.ts';

export type Command = 'server' | 'agent' | 'kubeconfig' | 'reset' | 'snapshot';

interface OptionBase {
  /** Without the dashes; also the key in the config file. */
  readonly flag: string;
  readonly help: string;
  /** The metavariable in --help. */
  readonly value?: string;
  readonly commands: readonly Command[];
  readonly secret?: boolean;
}

/** `parse` gets the text of one value and throws a {@link UsageError} that says what would be right. */
export type Option = OptionBase &
  (
    | { readonly kind: 'text'; readonly default?: string; readonly check?: (text: string) => void }
    | { readonly kind: 'number'; readonly default?: number; readonly check?: (number: number) => void }
    | { readonly kind: 'list'; readonly default?: readonly string[]; readonly check?: (text: string) => void }
    | { readonly kind: 'switch' }
  );

function port(number: number): void {
  if (!Number.isInteger(number) || number < 0 || number > 65535) throw new UsageError('must be a port, 0 to 65535');
}

function percent(number: number): void {
  if (!Number.isInteger(number) || number < 0 || number > 100) throw new UsageError('must be a percentage, 0 to 100');
}

function address(text: string): void {
  if (isIP(text) === 0) throw new UsageError('must be an IPv4 or IPv6 address');
}

function cidr(text: string): void {
  const [ip = '', bits = '', ...rest] = text.split('/');
  const family = isIP(ip);
  if (family === 0 || rest.length > 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128)) {
    throw new UsageError('must be CIDRs such as 10.42.0.0/16,fd42::/56');
  }
}

function featureGate(text: string): void {
  try {
    parseFeatureGate(text);
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

function nodeName(text: string): void {
  if (!/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(text)) throw new UsageError('must be a lower-case host name such as node-1');
}

function datastore(text: string): void {
  if (text === '' || text === 'memory' || text.startsWith('sqlite://')) return;
  for (const part of text.split(',')) {
    const url = URL.canParse(part.trim()) ? new URL(part.trim()) : undefined;
    if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:') || (url.pathname !== '/' && url.pathname !== ''))
      throw new UsageError(
        'must be empty (embedded SQLite), sqlite:///PATH, memory, or etcd members such as https://10.0.0.1:2379,https://10.0.0.2:2379',
      );
    if (url.username !== '' || url.password !== '')
      throw new UsageError('must not hold a user or password: give --datastore-user and --datastore-password-file');
  }
}

function oneOf(...values: readonly string[]): (text: string) => void {
  return (text) => {
    if (!values.includes(text)) throw new UsageError(`must be one of ${values.join(', ')}`);
  };
}

const all: readonly Command[] = ['server', 'agent', 'kubeconfig', 'reset', 'snapshot'];
const node: readonly Command[] = ['server', 'agent'];
const server: readonly Command[] = ['server'];
const tokens: readonly Command[] = ['server', 'agent', 'snapshot'];
/** Whatever opens the store. */
const store: readonly Command[] = ['server', 'snapshot'];

export const options = [
  { flag: 'config', kind: 'text', value: 'FILE', help: 'YAML file with these settings, one key a flag', commands: all },
  {
    flag: 'data-dir',
    kind: 'text',
    value: 'DIR',
    default: '',
    help: 'where everything is kept (default: /var/lib/coracle, or ~/.local/share/coracle without root)',
    commands: all,
  },
  { flag: 'bind-address', kind: 'text', value: 'IP', help: 'address the API listens on (default: all)', commands: server, check: address },
  {
    flag: 'https-listen-port',
    kind: 'number',
    value: 'PORT',
    default: 6443,
    help: 'port the API listens on',
    commands: server,
    check: port,
  },
  {
    flag: 'advertise-address',
    kind: 'text',
    value: 'IP',
    help: 'address other machines reach this server at (default: the node IP)',
    commands: server,
    check: address,
  },
  { flag: 'tls-san', kind: 'list', value: 'HOST,...', help: 'more names and addresses for the server certificate', commands: server },
  {
    flag: 'write-kubeconfig',
    kind: 'text',
    value: 'FILE',
    help: 'where the kubeconfig goes (default: DATA/kubeconfig)',
    commands: ['server', 'kubeconfig', 'reset'],
  },
  {
    flag: 'datastore-endpoint',
    kind: 'text',
    value: 'URL',
    default: '',
    help: 'etcd members (https://HOST:2379,...), sqlite:///PATH or memory (default: SQLite in the data folder)',
    commands: store,
    check: datastore,
    // It may be a list with something private in it by mistake.
    secret: true,
  },
  { flag: 'datastore-cafile', kind: 'text', value: 'FILE', help: 'authority that signed the certificates of etcd (PEM)', commands: store },
  { flag: 'datastore-certfile', kind: 'text', value: 'FILE', help: 'client certificate for etcd (PEM)', commands: store },
  { flag: 'datastore-keyfile', kind: 'text', value: 'FILE', help: 'key of the client certificate for etcd (PEM)', commands: store },
  { flag: 'datastore-user', kind: 'text', value: 'NAME', help: 'user of etcd, where it asks for one', commands: store },
  { flag: 'datastore-password', kind: 'text', value: 'TEXT', help: 'password of that user', commands: store, secret: true },
  { flag: 'datastore-password-file', kind: 'text', value: 'FILE', help: 'file that holds the password of that user', commands: store },
  {
    flag: 'snapshot-dir',
    kind: 'text',
    value: 'DIR',
    help: 'where snapshots are kept (default: DATA/snapshots)',
    commands: store,
  },
  {
    flag: 'snapshot-schedule-cron',
    kind: 'text',
    value: 'CRON',
    default: '0 */12 * * *',
    help: 'when snapshots are taken, in the time of this machine',
    commands: server,
    check: checkSchedule,
  },
  {
    flag: 'snapshot-retention',
    kind: 'number',
    value: 'COUNT',
    default: 5,
    help: 'how many scheduled snapshots are kept',
    commands: store,
  },
  { flag: 'snapshot-name', kind: 'text', value: 'NAME', default: 'scheduled', help: 'how scheduled snapshots begin', commands: store },
  { flag: 'disable-snapshots', kind: 'switch', help: 'take no snapshots by schedule', commands: server },
  {
    flag: 'cluster-cidr',
    kind: 'list',
    value: 'CIDR,...',
    default: ['10.42.0.0/16', 'fd42::/56'],
    help: 'addresses for pods',
    commands: server,
    check: cidr,
  },
  {
    flag: 'feature-gates',
    kind: 'list',
    value: 'NAME=true,...',
    help: `features that upstream leaves off: ${featureGates.join(', ')}`,
    commands: server,
    check: featureGate,
  },
  {
    flag: 'service-cidr',
    kind: 'list',
    value: 'CIDR,...',
    default: ['10.43.0.0/16', 'fd43::/112'],
    help: 'addresses for Services',
    commands: server,
    check: cidr,
  },
  {
    flag: 'cluster-dns',
    kind: 'list',
    value: 'IP,...',
    help: 'addresses of the cluster DNS (default: the tenth of each service CIDR)',
    commands: server,
    check: address,
  },
  { flag: 'cluster-domain', kind: 'text', value: 'NAME', default: 'cluster.local', help: 'domain of the cluster DNS', commands: server },
  {
    flag: 'flannel-backend',
    kind: 'text',
    value: 'NAME',
    default: 'auto',
    help: 'how nodes reach the pods of others: host-gw (routes), vxlan, auto (routes on the same segment, VXLAN elsewhere) or none',
    commands: server,
    check: oneOf('auto', 'host-gw', 'vxlan', 'none'),
  },
  {
    flag: 'disable',
    kind: 'list',
    value: 'PART,...',
    default: [],
    help: 'parts to leave out: ingress, servicelb',
    commands: server,
    check: oneOf('ingress', 'servicelb'),
  },
  {
    flag: 'ingress-http-port',
    kind: 'number',
    value: 'PORT',
    default: 80,
    help: 'port Ingresses are served at',
    commands: server,
    check: port,
  },
  {
    flag: 'ingress-https-port',
    kind: 'number',
    value: 'PORT',
    default: 443,
    help: 'port Ingresses are served at with TLS',
    commands: server,
    check: port,
  },
  {
    flag: 'ingress-trusted-proxies',
    kind: 'list',
    value: 'CIDR,...',
    default: [],
    help: 'proxies in front of Ingress whose X-Forwarded-* and Forwarded headers are believed',
    commands: server,
    check: cidr,
  },
  { flag: 'disable-agent', kind: 'switch', help: 'run no node here, only the control plane', commands: server },
  {
    flag: 'disable-controller-manager',
    kind: 'switch',
    help: 'run no controllers here: for tests of controllers, or where others run them',
    commands: server,
  },
  { flag: 'disable-scheduler', kind: 'switch', help: 'run no scheduler here: pods stay where they are put', commands: server },
  {
    flag: 'disable-admission-plugins',
    kind: 'list',
    value: 'NAME,...',
    default: [],
    help: "admission plugins to leave out, by upstream's names: ServiceAccount where no controller makes service accounts",
    commands: server,
    check: oneOf(...admissionPluginNames),
  },
  {
    flag: 'server',
    kind: 'text',
    value: 'URL,...',
    help: 'the server to join; of several of one cluster, the next one when one does not answer',
    commands: ['agent'],
  },
  {
    flag: 'token',
    kind: 'text',
    value: 'TOKEN',
    help: 'secret that lets agents join (server default: made at the first start, DATA/token)',
    commands: tokens,
    secret: true,
  },
  { flag: 'token-file', kind: 'text', value: 'FILE', help: 'file that holds the token', commands: tokens },
  { flag: 'node-name', kind: 'text', value: 'NAME', help: 'name of this node (default: the host name)', commands: tokens, check: nodeName },
  { flag: 'node-ip', kind: 'list', value: 'IP,...', help: 'addresses of this node (default: found out)', commands: node, check: address },
  {
    flag: 'kubelet-port',
    kind: 'number',
    value: 'PORT',
    default: 10250,
    help: 'port of the node API; a free one is taken when it is in use',
    commands: node,
    check: port,
  },
  {
    flag: 'runtime',
    kind: 'text',
    value: 'NAME',
    default: 'auto',
    help: 'docker, sim (pods are only simulated) or auto: docker where it can be had',
    commands: node,
    check: oneOf('auto', 'docker', 'sim'),
  },
  {
    flag: 'pod-manifest-path',
    kind: 'text',
    value: 'PATH',
    default: '',
    help: 'folder of files (or a single one) with pods that this node runs by itself, whether there is an API server or not',
    commands: node,
  },
  {
    flag: 'kubelet-config',
    kind: 'text',
    value: 'FILE',
    help: 'KubeletConfiguration (YAML) with settings of this node; flags that are not left at their defaults go before it',
    commands: node,
  },
  {
    flag: 'eviction-hard',
    kind: 'text',
    value: 'SIGNAL<AMOUNT,...',
    default: defaultThresholds,
    help: 'when the node evicts pods; an empty text: never',
    commands: node,
    check: (text) => {
      try {
        parseThresholds(text);
      } catch (error) {
        throw new UsageError(error instanceof Error ? error.message : String(error));
      }
    },
  },
  {
    flag: 'image-gc-high-threshold',
    kind: 'number',
    value: 'PERCENT',
    default: 85,
    help: 'how full the disk of images is when images that this node pulled and nobody uses are removed',
    commands: node,
    check: percent,
  },
  {
    flag: 'image-gc-low-threshold',
    kind: 'number',
    value: 'PERCENT',
    default: 80,
    help: 'how full it is when no more are removed',
    commands: node,
    check: percent,
  },
  {
    flag: 'kube-reserved',
    kind: 'text',
    value: 'NAME=AMOUNT,...',
    default: '',
    help: 'what pods do not get of the machine, such as cpu=100m,memory=256Mi',
    commands: node,
    check: (text) => void reservedAmounts(text),
  },
  {
    flag: 'system-reserved',
    kind: 'text',
    value: 'NAME=AMOUNT,...',
    default: '',
    help: 'the same, kept for the system',
    commands: node,
    check: (text) => void reservedAmounts(text),
  },
  {
    flag: 'shutdown-grace-period',
    kind: 'number',
    value: 'SECONDS',
    default: 0,
    help: 'how long pods have to end when the machine goes down (the unit needs a longer TimeoutStopSec); 0: they are left alone',
    commands: node,
  },
  {
    flag: 'shutdown-grace-period-critical-pods',
    kind: 'number',
    value: 'SECONDS',
    default: 0,
    help: 'how much of that is kept for critical pods, which end last',
    commands: node,
  },
  {
    flag: 'shutdown-grace-period-by-pod-priority',
    kind: 'list',
    value: 'PRIORITY=SECONDS,...',
    default: [],
    help: 'in place of both: how long pods of that priority, up to the next, have to end, the lowest first',
    commands: node,
  },
  {
    flag: 'shutdown-pods-on-stop',
    kind: 'switch',
    help: 'end pods so whenever this process is told to stop, not only when the machine goes down',
    commands: node,
  },
  {
    flag: 'scheduler-config',
    kind: 'text',
    value: 'FILE',
    help: 'KubeSchedulerConfiguration with profiles, plugins and their arguments',
    commands: server,
  },
  {
    flag: 'sim-nodes',
    kind: 'number',
    value: 'COUNT',
    default: 0,
    help: 'more nodes in this cluster that are only simulated, of 32 CPUs and 256Gi each',
    commands: server,
    check: (number) => {
      if (number > 5000) throw new UsageError('must be 5000 at most');
    },
  },
  {
    flag: 'docker',
    kind: 'text',
    value: 'SOCKET',
    default: '/var/run/docker.sock',
    help: 'socket of the Docker Engine',
    commands: ['server', 'agent', 'reset'],
  },
  {
    flag: 'proxy-mode',
    kind: 'text',
    value: 'NAME',
    default: 'auto',
    help: 'how Services are served: nftables, userspace (node ports by proxies in this process) or auto: nftables where they can be had',
    commands: node,
    check: oneOf('auto', 'nftables', 'userspace'),
  },
  { flag: 'disable-network-policy', kind: 'switch', help: 'enforce no NetworkPolicies on this node', commands: node },
  { flag: 'no-setup', kind: 'switch', help: 'install nothing on this machine and start no dockerd', commands: node },
  {
    flag: 'log-level',
    kind: 'text',
    value: 'LEVEL',
    default: 'warn',
    help: 'debug, info, warn or error; logs are JSON lines on standard error',
    commands: all,
    check: oneOf('debug', 'info', 'warn', 'error'),
  },
] as const satisfies readonly Option[];

type Entry = (typeof options)[number];
type ValueOf<E> = E extends { kind: 'switch' }
  ? boolean
  : E extends { kind: 'number'; default: number }
    ? number
    : E extends { kind: 'list'; default: readonly string[] }
      ? readonly string[]
      : E extends { kind: 'list' }
        ? readonly string[] | undefined
        : E extends { kind: 'text'; default: string }
          ? string
          : string | undefined;

/** All settings, checked and frozen. Keys are the flags. */
export type Settings = { readonly [E in Entry as E['flag']]: ValueOf<E> };

/** `data-dir` -> `CORACLE_DATA_DIR`. */
export function environmentName(flag: string): string {
  return `CORACLE_${flag.toUpperCase().replaceAll('-', '_')}`;
}
