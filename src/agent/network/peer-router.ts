/** Makes the kernel's routes, neighbours and VXLAN what {@link peerRoutes} wants. The kernel is the memory: routes bear the instance's metric. */
import type { Commands } from '../../base/command.ts';
import { isIPv6 } from './address-pool.ts';
import type { RawRoute } from './host-state.ts';
import { ipBatch, readRoutes } from './host-state.ts';
import type { Backend, NodeAddresses, PeerRoute, Vxlan } from './peers.ts';
import { fdbLines, macOf, peerRoutes, routeLines, routeMetric, vxlanDevice, vxlanLines, vxlanOverhead } from './peers.ts';
import type { NodePlan } from './plumbing.ts';

export interface PeerRouterOptions {
  readonly commands: Commands;
  readonly plan: NodePlan;
  readonly backend: Backend;
  readonly vni: number;
  readonly uplinkMtu: number;
}

export class PeerRouter {
  readonly #options: PeerRouterOptions;
  #self: NodeAddresses | undefined;
  #peers: readonly NodeAddresses[] = [];
  #routes: readonly PeerRoute[] = [];
  #last: Promise<void> = Promise.resolve();

  constructor(options: PeerRouterOptions) {
    this.#options = options;
  }

  /** What must not go away while nobody here takes it away: destinations and devices. */
  get wanted(): readonly string[] {
    return [...this.#routes.map((route) => route.cidr), ...(this.#routes.some(isVxlan) ? [vxlanDevice(this.#options.plan.instance)] : [])];
  }

  set(self: NodeAddresses, peers: readonly NodeAddresses[]): Promise<void> {
    this.#self = self;
    this.#peers = peers;
    return this.apply();
  }

  /** Safe to repeat; does nothing before the nodes are known. */
  apply(): Promise<void> {
    const run = this.#last.then(() => this.#apply());
    this.#last = run.catch(() => undefined);
    return run;
  }

  async #apply(): Promise<void> {
    const { commands, plan, backend } = this.#options;
    const self = this.#self;
    if (self === undefined) return;
    const own = this.#peers.map((peer) => ({ ...peer, podCIDRs: peer.podCIDRs.filter((cidr) => this.#hasFamily(cidr)) }));
    const behindRouter = await this.#behindRouter(own.flatMap((peer) => peer.internalIPs));
    const routes = peerRoutes({ self, peers: own, backend, behindRouter });
    this.#routes = routes;
    const gone = (await readRoutes(commands)).filter((route) => this.#isStale(route, routes));
    await ipBatch(commands, gone.map(deletion), true);
    const needed = routes.some(isVxlan);
    await this.#vxlan(needed ? self : undefined);
    const failures: unknown[] = [];
    // One that cannot be set (its node's address cannot be reached) must not keep the others from being set.
    for (const route of routes) {
      await ipBatch(commands, routeLines([route], plan)).catch((error: unknown) => failures.push(error));
    }
    if (needed) await commands.run('bridge', ['-batch', '-'], fdbLines(routes, plan.instance).join('\n'));
    if (failures.length > 0) throw new AggregateError(failures, 'some routes to other nodes cannot be set');
  }

  #hasFamily(cidr: string): boolean {
    return this.#options.plan.podCIDRs.some((own) => isIPv6(own) === isIPv6(cidr));
  }

  #isStale(route: RawRoute, wanted: readonly PeerRoute[]): boolean {
    if (route.metric !== routeMetric(this.#options.plan.instance)) return false;
    const device = vxlanDevice(this.#options.plan.instance);
    return !wanted.some(({ cidr, kind }) => cidr === route.dst && (kind === 'vxlan') === (route.dev === device));
  }

  /** The addresses that a gateway leads to. One that cannot be reached at all is taken for on the segment. */
  async #behindRouter(ips: readonly string[]): Promise<Set<string>> {
    if (ips.length === 0 || this.#options.backend === 'none') return new Set();
    const asked = ips.map((ip) => `route get ${ip}`).join('\n');
    const output = await this.#options.commands.run('sh', ['-c', 'ip -o -force -batch - 2>/dev/null; exit 0'], asked);
    return new Set(output.split('\n').flatMap((line) => (line.includes(' via ') ? [line.split(' ')[0] ?? ''] : [])));
  }

  async #vxlan(self: NodeAddresses | undefined): Promise<void> {
    const { commands, plan, vni, uplinkMtu } = this.#options;
    const device = vxlanDevice(plan.instance);
    const show = await commands.run('sh', ['-c', `ip -o -d link show ${device} 2>/dev/null; exit 0`]);
    const local = self?.internalIPs[0] ?? '';
    const wanted: Vxlan = { device, vni, local, mac: macOf(self?.name ?? ''), mtu: uplinkMtu - vxlanOverhead(local) };
    const fits = show.includes(` vxlan id ${String(vni)} `) && show.includes(` local ${local} `) && show.includes(wanted.mac);
    if (show !== '' && (self === undefined || !fits)) await ipBatch(commands, [`link del ${device}`], true);
    if (self === undefined) return;
    const lines = vxlanLines(wanted);
    await ipBatch(commands, show !== '' && fits ? lines.slice(-1) : lines);
  }
}

function isVxlan(route: PeerRoute): boolean {
  return route.kind === 'vxlan';
}

/** Takes back the routes an instance set to other nodes. */
export async function removePeerRoutes(commands: Commands, instance: string): Promise<void> {
  const own = (await readRoutes(commands)).filter((route) => route.metric === routeMetric(instance));
  await ipBatch(commands, [`link del ${vxlanDevice(instance)}`, ...own.map(deletion)], true);
}

function deletion({ dst, metric }: RawRoute): string {
  return `route del ${dst ?? ''} metric ${String(metric)}`;
}
