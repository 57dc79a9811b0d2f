/** What the kernel knows of an instance's network, read through `ip` and `nft`. */
import type { Commands } from '../../base/command.ts';
import { gatewayOf, isIPv6 } from './address-pool.ts';
import type { NatPlan } from './host-ports.ts';
import { families, natTable } from './host-ports.ts';
import { gatewayDevice } from './plumbing.ts';
import type { HostPort } from './pod-network.ts';

/** A network interface as `ip -j -d addr show` tells it. */
export interface Link {
  readonly name: string;
  readonly mtu: number;
  readonly alias: string | undefined;
  readonly ips: readonly string[];
}

interface RawLink {
  readonly ifname?: string;
  readonly mtu?: number;
  readonly ifalias?: string;
  readonly addr_info?: readonly { readonly local?: string }[];
}

export function parseLinks(json: string): Link[] {
  return (JSON.parse(json) as RawLink[]).map((link) => ({
    name: link.ifname ?? '',
    mtu: link.mtu ?? 0,
    alias: link.ifalias,
    ips: (link.addr_info ?? []).flatMap((info) => info.local ?? []),
  }));
}

/** Runs `ip -batch`; with `force` it goes on after a failing line and failures are ignored. */
export async function ipBatch(commands: Commands, lines: readonly string[], force = false): Promise<void> {
  if (lines.length === 0) return;
  const run = commands.run('ip', [...(force ? ['-force'] : []), '-batch', '-'], lines.join('\n'));
  await (force ? run.catch(() => '') : run);
}

/** A route as `ip -j route show` tells it. */
export interface RawRoute {
  readonly dst?: string;
  readonly dev?: string;
  readonly type?: string;
  readonly prefsrc?: string;
  readonly metric?: number;
}

export async function readRoutes(commands: Commands): Promise<RawRoute[]> {
  const outputs = await Promise.all([
    commands.run('ip', ['-j', '-4', 'route', 'show']),
    commands.run('ip', ['-j', '-6', 'route', 'show']).catch(() => '[]'),
  ]);
  return outputs.flatMap((output) => JSON.parse(output === '' ? '[]' : output) as RawRoute[]);
}

/** Two instances on one machine cannot use the same ranges: their routes would take each other's traffic. */
export function refuseSharedRanges(routes: readonly RawRoute[], instance: string, cidrs: readonly string[]): void {
  const device = gatewayDevice(instance);
  for (const route of routes) {
    const other = route.dev !== undefined && /^co[0-9a-f]{6}$/.test(route.dev) && route.dev !== device;
    if (other && cidrs.includes(route.dst ?? ''))
      throw new Error(`${route.dst} is in use by another Coracle on this machine (device ${route.dev}): choose other CIDRs`);
  }
}

/** The unreachable routes that belong to these gateway addresses: the gateway is the first address of its range. */
export async function unreachableRanges(commands: Commands, gateways: readonly string[]): Promise<string[]> {
  const routes = await readRoutes(commands);
  return routes
    .filter((route) => route.type === 'unreachable' && gateways.some((gateway) => isFirstOf(gateway, route.dst ?? '')))
    .map((route) => route.dst ?? '');
}

function isFirstOf(gateway: string, cidr: string): boolean {
  return isIPv6(gateway) === isIPv6(cidr) && cidr.includes('/') && gatewayOf(cidr) === gateway;
}

/** Whether the tables stand with their rules. */
export async function hasRules(commands: Commands, nat: NatPlan): Promise<boolean> {
  const lists = families(nat.podCIDRs).map((family) =>
    commands.run('nft', ['list', 'table', family, natTable(nat.instance)]).catch(() => ''),
  );
  return (await Promise.all(lists)).every((text) => text.includes(' masquerade') && text.includes('jump forward_ports'));
}

/** Host ports by pod uid, from the tables an earlier process left. */
export async function readPorts(commands: Commands, nat: NatPlan): Promise<Map<string, HostPort[]>> {
  const found = new Map<string, HostPort[]>();
  for (const family of families(nat.podCIDRs)) {
    const output = await commands.run('nft', ['-j', 'list', 'table', family, natTable(nat.instance)]).catch(() => '');
    if (output !== '') for (const [uid, port] of parsePorts(output)) found.set(uid, mergePort(found.get(uid) ?? [], port));
  }
  return found;
}

function mergePort(ports: HostPort[], port: HostPort): HostPort[] {
  const same = (other: HostPort): boolean => JSON.stringify(other) === JSON.stringify(port);
  return ports.some(same) ? ports : [...ports, port];
}

/** The host ports in nft's JSON of our table; shapes that are not ours are skipped. */
function parsePorts(json: string): [string, HostPort][] {
  const items = (JSON.parse(json) as { nftables: { map?: { name: string; elem?: unknown[] } }[] }).nftables;
  return items.flatMap(({ map }) => {
    if (map === undefined || (map.name !== 'ports' && map.name !== 'addressed')) return [];
    return (map.elem ?? []).flatMap((element): [string, HostPort][] => {
      const [left, right] = element as [
        { elem?: { val: { concat: (string | number)[] }; comment: string } },
        { concat: (string | number)[] },
      ];
      const key = left.elem?.val.concat;
      if (left.elem === undefined || key === undefined) return [];
      const [hostPort, protocol, hostIP = ''] = [...key].reverse();
      return [
        [
          left.elem.comment,
          {
            hostIP: String(hostIP),
            hostPort: Number(hostPort),
            containerPort: Number(right.concat[1]),
            protocol: String(protocol).toUpperCase() as HostPort['protocol'],
          },
        ],
      ];
    });
  });
}
