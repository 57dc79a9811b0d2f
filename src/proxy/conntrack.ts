/**
 * UDP has no end of a connection: the kernel keeps sending a flow to where it went first. When a service changes, flows to its
 * addresses that do not lead to an endpoint that still serves are ended (upstream: pkg/proxy/conntrack/cleanup.go).
 */
import type { CommandRunner } from '../base/command.ts';
import { CommandError } from '../base/command.ts';
import type { Logger } from '../base/logger.ts';
import type { Backend } from './backends.ts';
import type { Family } from './addresses.ts';
import type { ServicePortRule } from './service-ports.ts';

/** Where flows may have gone to before and may go now, for one address and port of a service. */
export interface Frontend {
  readonly family: Family;
  /** `ADDRESS PORT`, or ` PORT` for a NodePort. */
  readonly at: string;
  /** `ADDRESS PORT` of endpoints that served before, and of those that serve. */
  readonly before: ReadonlySet<string>;
  readonly now: ReadonlySet<string>;
}

/** What to look after when a service's rules change from `before` to `after`: nothing when no flow can have lost its endpoint. */
export function changedFrontends(before: readonly ServicePortRule[], after: readonly ServicePortRule[]): Frontend[] {
  const was = served(before);
  const is = served(after);
  const changed: Frontend[] = [];
  for (const [key, { family, at, endpoints: now }] of is) {
    const former = was.get(key)?.endpoints ?? nothing;
    if (now.size === former.size && [...now].every((endpoint) => former.has(endpoint))) continue;
    changed.push({ family, at, before: former, now });
  }
  for (const [key, { family, at, endpoints }] of was)
    if (!is.has(key) && endpoints.size > 0) changed.push({ family, at, before: endpoints, now: nothing });
  return changed;
}

const nothing: ReadonlySet<string> = new Set();

interface Served {
  readonly family: Family;
  readonly at: string;
  readonly endpoints: Set<string>;
}

function served(rules: readonly ServicePortRule[]): Map<string, Served> {
  const all = new Map<string, Served>();
  for (const rule of rules) {
    if (rule.protocol !== 'UDP') continue;
    const { family, port, nodePort, backends } = rule;
    const endpoints = new Set(backends.serving.map(place));
    const addresses = [rule.clusterIP, ...rule.externalIPs, ...rule.loadBalancerIPs].map((ip) => `${ip} ${port}`);
    for (const at of nodePort === undefined ? addresses : [...addresses, ` ${nodePort}`])
      all.set(`${family} ${at}`, { family, at, endpoints });
  }
  return all;
}

function place(backend: Backend): string {
  return `${backend.ip} ${backend.port}`;
}

/** A line of `conntrack -L -p udp`: source, destination and ports as sent, and where answers come from. */
const flowLine = /src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+) (?:\[\S+\] )?src=(\S+) dst=\S+ sport=(\d+)/;

/** The arguments of `conntrack` that end each stale flow of a listing. While nothing serves, only flows to former endpoints are stale. */
export function staleFlows(frontends: readonly Frontend[], family: Family, listing: string): string[][] {
  const by = new Map(frontends.filter((frontend) => frontend.family === family).map((frontend) => [frontend.at, frontend]));
  const stale: string[][] = [];
  for (const line of by.size === 0 ? [] : listing.split('\n')) {
    const match = flowLine.exec(line);
    if (match === null) continue;
    const [, source = '', destination = '', sourcePort = '', port = '', backend = '', backendPort = ''] = match;
    const frontend = by.get(`${destination} ${port}`) ?? by.get(` ${port}`);
    if (frontend === undefined) continue;
    const leadsTo = `${backend} ${backendPort}`;
    if (frontend.now.has(leadsTo) || (frontend.now.size === 0 && !frontend.before.has(leadsTo))) continue;
    const ends = ['--orig-src', source, '--orig-dst', destination, '--orig-port-src', sourcePort, '--orig-port-dst', port];
    stale.push(['-D', '-f', nameOf(family), '-p', 'udp', ...ends]);
  }
  return stale;
}

function nameOf(family: Family): string {
  return family === 'ip' ? 'ipv4' : 'ipv6';
}

export interface FlowCleaner {
  /** Ends the flows that these frontends have lost; answers how many of each family. Failures are logged, once for a missing program. */
  clean(frontends: readonly Frontend[]): Promise<Readonly<Record<Family, number>>>;
}

export function createFlowCleaner(run: CommandRunner, logger: Logger): FlowCleaner {
  let missing = false;
  const conntrack = async (args: readonly string[]): Promise<string> => {
    try {
      return missing ? '' : await run('conntrack', args);
    } catch (error) {
      if (error instanceof CommandError && error.code === 1 && error.stderr.includes(' 0 flow entries')) return '';
      missing = error instanceof CommandError && (error.missing || error.code === 127);
      if (missing) logger.warn({}, 'conntrack is not installed: UDP clients may keep talking to endpoints that are gone');
      else logger.warn({ err: error }, 'cannot end UDP flows to former endpoints');
      return '';
    }
  };
  const cleanFamily = async (frontends: readonly Frontend[], family: Family): Promise<number> => {
    if (!frontends.some((frontend) => frontend.family === family)) return 0;
    const stale = staleFlows(frontends, family, await conntrack(['-L', '-f', nameOf(family), '-p', 'udp']));
    for (const args of stale) await conntrack(args);
    return stale.length;
  };
  return { clean: async (frontends) => ({ ip: await cleanFamily(frontends, 'ip'), ip6: await cleanFamily(frontends, 'ip6') }) };
}
