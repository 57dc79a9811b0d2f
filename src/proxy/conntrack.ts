/**
 * UDP has no end of a connection: the kernel keeps sending a flow to where it went first. Whoever takes a backend away, or gives the
 * first one, also ends the flows that this concerns (upstream: pkg/proxy/conntrack/cleanup.go).
 */
import type { CommandRunner } from '../base/command.ts';
import { CommandError } from '../base/command.ts';
import type { Logger } from '../base/logger.ts';
import type { Backend } from './backends.ts';
import type { Family } from './addresses.ts';
import type { ServicePortRule } from './service-ports.ts';

export interface StaleFlow {
  readonly family: Family;
  /** Undefined: any (a NodePort). */
  readonly destination: string | undefined;
  readonly port: number;
  /** Undefined: flows that no rule touched, since there was no backend yet. */
  readonly backend: string | undefined;
}

/** The flows to end when a service's rules change from `before` to `after`. */
export function staleFlows(before: readonly ServicePortRule[], after: readonly ServicePortRule[]): StaleFlow[] {
  const key = (rule: ServicePortRule): string => `${rule.family} ${rule.id}`;
  const now = new Map(after.filter(isUdp).map((rule) => [key(rule), rule]));
  const was = new Map(before.filter(isUdp).map((rule) => [key(rule), rule]));
  const flows: StaleFlow[] = [];
  for (const [id, old] of was) {
    const kept = new Set(backendsOf(now.get(id)).map(place));
    for (const backend of backendsOf(old))
      if (!kept.has(place(backend))) flows.push(...frontends(old).map((front) => ({ ...front, backend: backend.ip })));
  }
  for (const [id, rule] of now) {
    if (backendsOf(rule).length > 0 && backendsOf(was.get(id)).length === 0)
      flows.push(...frontends(rule).map((front) => ({ ...front, backend: undefined })));
  }
  return flows;
}

function isUdp(rule: ServicePortRule): boolean {
  return rule.protocol === 'UDP';
}

function backendsOf(rule: ServicePortRule | undefined): readonly Backend[] {
  return rule === undefined ? [] : rule.backends.cluster.concat(rule.backends.local);
}

function place(backend: Backend): string {
  return `${backend.ip} ${backend.port}`;
}

function frontends(rule: ServicePortRule): Omit<StaleFlow, 'backend'>[] {
  const { family, port, nodePort } = rule;
  const addresses = new Set([rule.clusterIP, ...rule.externalIPs, ...rule.loadBalancerIPs]);
  const fronts: Omit<StaleFlow, 'backend'>[] = [...addresses].map((destination) => ({ family, destination, port }));
  if (nodePort !== undefined) fronts.push({ family, destination: undefined, port: nodePort });
  return fronts;
}

export function conntrackArgs(flow: StaleFlow): string[] {
  const args = ['-D', '-f', flow.family === 'ip' ? 'ipv4' : 'ipv6', '-p', 'udp'];
  if (flow.destination !== undefined) args.push('--orig-dst', flow.destination);
  args.push('--orig-port-dst', String(flow.port));
  if (flow.backend !== undefined) args.push('--reply-src', flow.backend);
  return args;
}

/** Of many flows to end, those that are in a listing of `conntrack -L`: most services have none. */
export function presentFlows(flows: readonly StaleFlow[], family: Family, listing: string): StaleFlow[] {
  const seen = new Set<string>();
  for (const line of listing.split('\n')) {
    const match = /src=\S+ dst=(\S+) sport=\d+ dport=(\d+) (?:\[\S+\] )?src=(\S+)/.exec(line);
    if (match === null) continue;
    const [, destination, port, backend] = match;
    for (const to of [destination, '']) for (const from of [backend, '']) seen.add(`${to} ${port} ${from}`);
  }
  return flows.filter((flow) => flow.family === family && seen.has(`${flow.destination ?? ''} ${flow.port} ${flow.backend ?? ''}`));
}

/** More flows than this are looked for in one listing first. */
const fewFlows = 8;

export interface FlowCleaner {
  /** Ends the flows; failures are logged, once for a missing program. */
  clean(flows: readonly StaleFlow[]): Promise<void>;
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
  const present = async (flows: readonly StaleFlow[], family: Family): Promise<StaleFlow[]> =>
    flows.some((flow) => flow.family === family)
      ? presentFlows(flows, family, await conntrack(['-L', '-f', family === 'ip' ? 'ipv4' : 'ipv6', '-p', 'udp']))
      : [];
  return {
    async clean(flows) {
      const wanted = flows.length > fewFlows ? [...(await present(flows, 'ip')), ...(await present(flows, 'ip6'))] : flows;
      const unique = new Set(wanted.map((flow) => conntrackArgs(flow).join(' ')));
      for (const args of unique) await conntrack(args.split(' '));
    },
  };
}
