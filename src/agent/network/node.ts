/** The pod network of one node; see plumbing.ts for its form. The kernel is its memory: what a restart needs stands in interface aliases and element comments. */
import type { Clock } from '../../base/clock.ts';
import type { Commands } from '../../base/command.ts';
import { ifInstalled } from '../../base/command.ts';
import type { Running } from '../../base/lifecycle.ts';
import { running } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import type { PodAddress } from './address-pool.ts';
import { AddressPool, isIPv6 } from './address-pool.ts';
import type { NatPlan, PodPorts } from './host-ports.ts';
import { natScript, natTable, portsScript } from './host-ports.ts';
import { acceptForwardScript, parseSettings, settingsScript, withdrawAcceptScript } from './host-settings.ts';
import type { Link } from './host-state.ts';
import { isLoss, watchHost } from './host-watch.ts';
import { hasRules, ipBatch, parseLinks, readPorts, readRoutes, refuseSharedRanges, unreachableRanges } from './host-state.ts';
import { PeerRouter, removePeerRoutes } from './peer-router.ts';
import type { Backend, NodeAddresses } from './peers.ts';
import { vniOf, vxlanOverhead } from './peers.ts';
import type { NodePlan } from './plumbing.ts';
import { gatewayDevice, hostCommands, nodeCommands, podCommands, podScript, vethCommands, vethName, vethOrdinal } from './plumbing.ts';
import type { HostPort, PodAttachment, PodNetwork } from './pod-network.ts';

export interface PodNetworkOptions {
  /** Six hex digits that mark everything made on the host. */
  readonly instance: string;
  /** This node's pod CIDRs, the preferred family first. A family the host does not have is left out. */
  readonly podCIDRs: readonly string[];
  readonly serviceCIDRs: readonly string[];
  /** All nodes' pods; traffic to them keeps the pod's address. Default: podCIDRs. */
  readonly clusterCIDRs?: readonly string[];
  readonly nodeIPs: readonly string[];
  /** How other nodes' pods are reached; default: `auto`, a route on the same segment and a VXLAN elsewhere. */
  readonly backend?: Backend;
  /** Of pods' interfaces; default: that of the interface with the first node address, less what a VXLAN needs when all nodes use one. */
  readonly mtu?: number;
  readonly commands: Commands;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface NodePodNetwork extends PodNetwork {
  /** The node's own addresses in its pod CIDRs, IPv4 first when both are there. */
  readonly gatewayIPs: readonly string[];
  /** The other nodes, whose pods are to be reached; replaces what an earlier call set. Rejects when some cannot be reached. */
  setPeers(self: NodeAddresses, peers: readonly NodeAddresses[]): Promise<void>;
}

interface AttachedPod {
  readonly uid: string;
  readonly address: PodAddress;
  /** Unknown (undefined) for a pod found after a restart. */
  pid: number | undefined;
  ports: readonly HostPort[];
}

/** Rejects when the machine refuses (no privileges, a CIDR that another instance uses). Stopping leaves pods connected. */
export async function startPodNetwork(options: PodNetworkOptions): Promise<NodePodNetwork> {
  const { commands, logger, instance } = options;
  const [settings, links, routes] = await Promise.all([
    commands.run('sh', ['-c', settingsScript]).then(parseSettings),
    commands.run('ip', ['-j', '-d', 'addr', 'show']).then(parseLinks),
    readRoutes(commands),
  ]);
  if (settings.changes.length > 0) logger.info({ changes: settings.changes }, 'host settings changed for forwarding');
  if (settings.refused.length > 0)
    logger.warn({ refused: settings.refused }, 'host settings could not be changed: pods may be unreachable');
  const usable = (cidr: string): boolean => settings.ipv6 || !isIPv6(cidr);
  const podCIDRs = options.podCIDRs.filter(usable);
  if (podCIDRs.length < options.podCIDRs.length) logger.warn({ podCIDRs }, 'the host has no IPv6: pods get none');
  const serviceCIDRs = options.serviceCIDRs.filter(usable);
  refuseSharedRanges(routes, instance, [...podCIDRs, ...serviceCIDRs]);
  const pool = new AddressPool(podCIDRs);
  const uplink = links.find((link) => link.name !== 'lo' && link.ips.some((ip) => options.nodeIPs.includes(ip)));
  const backend = options.backend ?? 'auto';
  const uplinkMtu = uplink?.mtu ?? 1500;
  const mtu = options.mtu ?? uplinkMtu - (backend === 'vxlan' ? vxlanOverhead(options.nodeIPs[0] ?? '') : 0);
  const plan: NodePlan = { instance, podCIDRs, serviceCIDRs, gateways: pool.gateways, mtu };
  await ipBatch(
    commands,
    nodeCommands(
      plan,
      links.some((link) => link.name === gatewayDevice(instance)),
    ),
  );
  const nat: NatPlan = {
    instance,
    podCIDRs,
    clusterCIDRs: options.clusterCIDRs ?? podCIDRs,
    nodeIPs: options.nodeIPs,
    gateways: pool.gateways,
  };
  const router = new PeerRouter({ commands, plan, backend, vni: vniOf(nat.clusterCIDRs), uplinkMtu });
  const network = new NodeNetwork({ commands, logger, clock: options.clock, plan, nat, pool, router });
  await Promise.all([network.restore(links), acceptForwarding(options, podCIDRs)]);
  network.watch(() => acceptForwarding(options, podCIDRs));
  return network;
}

async function acceptForwarding({ commands, logger, instance }: PodNetworkOptions, podCIDRs: readonly string[]): Promise<void> {
  const accepted = await commands.run('sh', ['-c', acceptForwardScript(instance, podCIDRs)]);
  if (accepted !== '') logger.info({ rules: accepted.trim().split('\n') }, 'accepting rules added beside a FORWARD policy of DROP');
}

/** Removes everything {@link startPodNetwork} and its pods left on the host, for an instance that does not run any more. Settings (sysctls) stay. */
export async function resetPodNetwork(options: { readonly instance: string; readonly commands: Commands }): Promise<void> {
  const { instance, commands } = options;
  const device = gatewayDevice(instance);
  const links = parseLinks((await ifInstalled(commands.run('ip', ['-j', '-d', 'addr', 'show']))) || '[]');
  const own = links.filter((link) => link.name === device || vethOrdinal(instance, link.name) !== undefined);
  const cidrs = own.some((link) => link.name === device)
    ? await unreachableRanges(commands, own.find((link) => link.name === device)?.ips ?? [])
    : [];
  await ipBatch(
    commands,
    [
      ...own.map((link) => `link del ${link.name}`),
      ...cidrs.map((cidr) => `route del unreachable ${cidr}${isIPv6(cidr) ? ' dev lo' : ''}`),
    ],
    true,
  );
  await removePeerRoutes(commands, instance);
  const table = natTable(instance);
  const script = ['ip', 'ip6'].map((family) => `add table ${family} ${table}\ndelete table ${family} ${table}\n`).join('');
  await ifInstalled(commands.run('nft', ['-f', '-'], script));
  await commands.run('sh', ['-c', withdrawAcceptScript(instance)]);
}

interface NetworkParts {
  readonly commands: Commands;
  readonly logger: Logger;
  readonly plan: NodePlan;
  readonly nat: NatPlan;
  readonly pool: AddressPool;
  readonly clock: Clock;
  readonly router: PeerRouter;
}

class NodeNetwork implements NodePodNetwork {
  readonly #parts: NetworkParts;
  readonly #pods = new Map<string, AttachedPod>();
  /** The last call for each uid; the next one waits for it. */
  readonly #turns = new Map<string, Promise<unknown>>();
  #watch: Running | undefined;
  readonly #running = running(async () => {
    await this.#watch?.stop();
    await Promise.allSettled(this.#turns.values());
  });

  constructor(parts: NetworkParts) {
    this.#parts = parts;
  }

  get gatewayIPs(): readonly string[] {
    return this.#parts.pool.gateways;
  }

  stop(): Promise<void> {
    return this.#running.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#running.stop();
  }

  /** Takes over the pods an earlier process connected; their host ports come out of the old table before it is replaced. */
  async restore(links: readonly Link[]): Promise<void> {
    const { plan, pool, nat } = this.#parts;
    for (const link of links) {
      const ordinal = vethOrdinal(plan.instance, link.name);
      const address = ordinal === undefined ? undefined : pool.adopt(ordinal);
      if (address !== undefined && link.alias !== undefined)
        this.#pods.set(link.alias, { uid: link.alias, address, pid: undefined, ports: [] });
    }
    if (this.#pods.size > 0) {
      const ports = await readPorts(this.#parts.commands, nat);
      for (const pod of this.#pods.values()) pod.ports = ports.get(pod.uid) ?? [];
    }
    await this.#nft(natScript(nat, this.#ports()));
  }

  attach(pod: PodAttachment, hostPorts: readonly HostPort[]): Promise<readonly string[]> {
    return this.#inTurn(pod.uid, async () => {
      const known = this.#pods.get(pod.uid);
      const attached: AttachedPod = known ?? { uid: pod.uid, address: this.#parts.pool.allocate(), pid: undefined, ports: [] };
      try {
        if (known === undefined) await this.#connect(attached, pod.pid);
        else if (known.pid !== pod.pid && !(await this.#isConnected(known, pod.pid))) await this.#reconnect(known, pod.pid);
        attached.pid = pod.pid;
        this.#pods.set(pod.uid, attached);
        await this.#setPorts(attached, hostPorts);
      } catch (error) {
        await this.#remove(attached);
        throw error;
      }
      return attached.address.ips;
    });
  }

  detach(uid: string): Promise<void> {
    return this.#inTurn(uid, async () => {
      const pod = this.#pods.get(uid);
      if (pod !== undefined) await this.#remove(pod);
    });
  }

  async retain(uids: ReadonlySet<string>): Promise<void> {
    await Promise.all([...this.#pods.keys()].filter((uid) => !uids.has(uid)).map((uid) => this.detach(uid)));
  }

  setPeers(self: NodeAddresses, peers: readonly NodeAddresses[]): Promise<void> {
    return this.#parts.router.set(self, peers);
  }

  /** From now on, what somebody else takes away is put back. */
  watch(acceptForwarding: () => Promise<void>): void {
    const { commands, clock, logger, nat, plan, pool, router } = this.#parts;
    const fixed = [gatewayDevice(plan.instance), ...pool.gateways, ...plan.podCIDRs, ...plan.serviceCIDRs];
    const words = (): Set<string> => {
      const pods = [...this.#pods.values()].flatMap(({ address }) => [vethName(plan.instance, address.ordinal), ...address.ips]);
      return new Set([...fixed, ...router.wanted, ...pods]);
    };
    this.#watch = watchHost({
      commands,
      clock,
      isLoss: (line) => isLoss(line, { words, table: natTable(nat.instance) }),
      repair: async () => {
        logger.info({}, 'somebody changed the network of this machine: putting routes and rules right');
        await Promise.all([this.#repair(), acceptForwarding()]);
      },
    });
  }

  async #repair(): Promise<void> {
    const { commands, plan, nat, router } = this.#parts;
    await commands.run('sh', ['-c', settingsScript]);
    const links = parseLinks(await commands.run('ip', ['-j', '-d', 'addr', 'show']));
    const has = (name: string): boolean => links.some((link) => link.name === name);
    await ipBatch(commands, nodeCommands(plan, has(gatewayDevice(plan.instance))));
    const mend = async (pod: AttachedPod): Promise<void> => {
      if (this.#pods.get(pod.uid) !== pod) return;
      if (has(vethName(plan.instance, pod.address.ordinal))) await ipBatch(commands, vethCommands(plan, pod.address), true);
      // Where the sandbox is gone too, the agent makes a new one.
      else if (pod.pid !== undefined) await this.#connect(pod, pod.pid).catch(() => undefined);
    };
    await Promise.all([...this.#pods.values()].map((pod) => this.#inTurn(pod.uid, () => mend(pod))));
    if (!(await hasRules(commands, nat))) await this.#nft(natScript(nat, this.#ports()));
    await router.apply();
  }

  #ports(): PodPorts[] {
    return [...this.#pods.values()].map((pod): PodPorts => ({ uid: pod.uid, ips: pod.address.ips, ports: pod.ports }));
  }

  async #connect(pod: AttachedPod, pid: number): Promise<void> {
    const { commands, plan } = this.#parts;
    const lines = hostCommands(plan, pod.address, { uid: pod.uid, pid });
    try {
      await ipBatch(commands, lines);
    } catch {
      // The veth of a namespace that is just going away may still hold the name.
      await ipBatch(commands, [`link del ${vethName(plan.instance, pod.address.ordinal)}`], true);
      await ipBatch(commands, lines);
    }
    await commands.run('nsenter', ['-t', String(pid), '-n', 'sh', '-c', podScript], podCommands(plan, pod.address).join('\n'));
  }

  async #reconnect(pod: AttachedPod, pid: number): Promise<void> {
    await ipBatch(this.#parts.commands, [`link del ${vethName(this.#parts.plan.instance, pod.address.ordinal)}`], true);
    await this.#connect(pod, pid);
  }

  async #isConnected(pod: AttachedPod, pid: number): Promise<boolean> {
    const links = parseLinks(await this.#parts.commands.run('nsenter', ['-t', String(pid), '-n', 'ip', '-j', '-d', 'addr', 'show']));
    const eth0 = links.find((link) => link.name === 'eth0');
    return eth0 !== undefined && pod.address.ips.every((ip) => eth0.ips.includes(ip));
  }

  async #setPorts(pod: AttachedPod, ports: readonly HostPort[]): Promise<void> {
    if (JSON.stringify(pod.ports) === JSON.stringify(ports)) return;
    const { instance } = this.#parts.plan;
    const entry = { uid: pod.uid, ips: pod.address.ips };
    await this.#nft(portsScript(instance, { ...entry, ports: pod.ports }, 'delete') + portsScript(instance, { ...entry, ports }, 'add'));
    pod.ports = ports;
  }

  async #remove(pod: AttachedPod): Promise<void> {
    const { commands, plan, pool } = this.#parts;
    this.#pods.delete(pod.uid);
    try {
      if (pod.ports.length > 0) await this.#setPorts(pod, []);
      await ipBatch(commands, [`link del ${vethName(plan.instance, pod.address.ordinal)}`], true);
    } finally {
      pool.free(pod.address.ordinal);
    }
  }

  async #nft(script: string): Promise<void> {
    if (script !== '') await this.#parts.commands.run('nft', ['-f', '-'], script);
  }

  #inTurn<T>(uid: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(uid) ?? Promise.resolve()).then(work, work);
    const settled = turn.then(
      () => undefined,
      () => undefined,
    );
    this.#turns.set(uid, settled);
    void settled.then(() => this.#turns.get(uid) === settled && this.#turns.delete(uid));
    return turn;
  }
}
