/** `coracle server`: a cluster in the foreground until Ctrl-C. */
import type { Duplex } from 'node:stream';
import { existsSync, rmSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { SimNodesOptions } from '../agent/fleet/sim-nodes.ts';
import { asBackend, type Backend } from '../agent/network/peers.ts';
import { realClock } from '../base/clock.ts';
import { Lifecycle, type Running } from '../base/lifecycle.ts';
import { createLogger, type Logger } from '../base/logger.ts';
import type { CommandContext } from './cli.ts';
import { startControlPlane } from './control-plane.ts';
import { claim, joinSecret, knownSecret, openDataDir } from './data-dir.ts';
import { writeFileAtomic } from './files.ts';
import { hostAddresses, hostNodeName } from './host.ts';
import { startIngressController } from './ingress.ts';
import { publishClusterSettings } from './cluster-settings.ts';
import { kubeconfigText } from './kubeconfig.ts';
import { startControlSocket } from './control-socket.ts';
import { asProxyMode } from '../proxy/open-sink.ts';
import { startNode } from './node.ts';
import { nodeSettings } from './node-settings.ts';
import type { Settings } from './options.ts';
import { datastoreOf, openStorage } from './open-storage.ts';
import { openPki, type Pki } from './pki.ts';
import type { Storage } from '../storage/storage.ts';
import { type FeatureGate, featureGatesOf } from '../api/feature-gates.ts';
import { addressAt } from './service-network.ts';
import { snapshotDir } from './snapshot-settings.ts';
import { startSnapshotSchedule, takeSnapshot, type SnapshotSource } from './snapshots.ts';
import { leaveSharedKeys, takeSharedKeys } from './shared-keys.ts';
import { tokenOf } from './token-file.ts';
import { schedulerConfigOf } from './scheduler-config.ts';
import { chooseRuntime } from './setup/runtime.ts';
import { untilStopped } from './signals.ts';
import { UsageError } from './usage-error.ts';
import { startSparingMemory } from './spare-memory.ts';

export async function runServer({ settings, reporter, isRoot }: CommandContext): Promise<void> {
  const lifecycle = new Lifecycle();
  const stopped = untilStopped();
  const memory = lifecycle.add(startSparingMemory({ clock: realClock }));
  try {
    const schedulerConfig = schedulerConfigOf(settings);
    const dataDir = openDataDir(settings['data-dir']);
    lifecycle.add(claim(dataDir.path));
    const runtime = settings['disable-agent'] ? undefined : await chooseRuntime(runtimeOptions({ settings, reporter, isRoot }));
    const logger = createLogger(settings['log-level']);
    const common = { clock: realClock, logger, dataDir: dataDir.path, ...networks(settings) };
    const nodeName = settings['node-name'] ?? hostNodeName();
    const nodeIPs = settings['node-ip'] ?? hostAddresses();
    const advertiseAddresses = settings['advertise-address'] === undefined ? nodeIPs : [settings['advertise-address']];
    const port = settings['https-listen-port'];

    reporter.step('starting the API server');
    const hosts = serverHosts(settings, { nodeName, addresses: [...nodeIPs, ...advertiseAddresses] });
    const storage = withNoticed(lifecycle.add(await openStorage(datastoreOf(settings), common)), memory.noticed);
    const { pki, joinToken } = await clusterKeys({ storage, dataDir: dataDir.path, hosts, token: tokenOf(settings) });
    const kubelets = new Map<string, () => Duplex>();
    const controlPlane = lifecycle.add(
      await startControlPlane({
        ...common,
        noticed: memory.noticed,
        kubelets,
        pki,
        storage,
        listen: { host: settings['bind-address'], port },
        advertiseAddresses,
        joinToken,
        ...leftOut(settings),
        ...(schedulerConfig === undefined ? {} : { schedulerConfig }),
      }).catch((error: unknown) => fail(error, settings)),
    );
    await publishClusterSettings(controlPlane.client('apiserver'), common);
    await controlPlane.startLoops();
    await startSnapshots(
      settings,
      { storage, dataDir: dataDir.path, secret: joinToken, nodeName, clock: realClock },
      { lifecycle, logger },
    );
    if (runtime !== undefined) {
      reporter.step(runtime === 'docker' ? `starting the node ${nodeName} on Docker` : `starting the node ${nodeName} (simulated)`);
      const kubelet = {
        port: settings['kubelet-port'],
        tls: await pki.kubelet(nodeName, [nodeName, ...nodeIPs]),
        clientCA: pki.authority.cert,
        onReachable: (connect: () => Duplex) => void kubelets.set(nodeName, connect),
      };
      lifecycle.add(
        await startNode({
          ...common,
          client: controlPlane.client,
          informers: controlPlane.informers,
          instance: dataDir.instance,
          nodeName,
          nodeIPs,
          runtime,
          servesDns: true,
          dockerSocket: settings.docker,
          ...(await nodeSettings(settings)),
          podManifestPath: settings['pod-manifest-path'],
          networkPolicy: !settings['disable-network-policy'],
          proxyMode: asProxyMode(settings['proxy-mode']),
          kubelet,
        }),
      );
      const ingress = { ...common, ...controlPlane, settings, reporter, nodeIPs, fallback: () => pki.ingress() };
      if (runtime === 'docker') lifecycle.add(await startIngressController(ingress));
    }
    const simulated = { ...common, ...controlPlane, instance: dataDir.instance, prefix: `${nodeName}-sim-` };
    await startSimulated(simulated, { settings, reporter }, lifecycle);
    memory.started();
    announce({ settings, reporter }, { pki, dataDir: dataDir.path, port: controlPlane.apiServer.port });
    await stopped;
    reporter.note('Stopping; containers go on.');
  } finally {
    await lifecycle.stop();
  }
}

async function startSimulated(
  options: Omit<SimNodesOptions, 'count'>,
  { settings, reporter }: Pick<CommandContext, 'settings' | 'reporter'>,
  lifecycle: Lifecycle,
): Promise<void> {
  const count = settings['sim-nodes'];
  if (count === 0) return;
  reporter.step(`starting ${String(count)} simulated nodes`);
  lifecycle.add(await simNodes({ ...options, count }));
}

/** The parts that are not wanted here. */
function leftOut(settings: Settings) {
  return {
    disableServiceLB: settings.disable.includes('servicelb'),
    disableControllers: settings['disable-controller-manager'],
    disableScheduler: settings['disable-scheduler'],
    disabledAdmissionPlugins: settings['disable-admission-plugins'],
  };
}

/** Writes are noticed, whoever in this process makes them. */
function withNoticed(storage: Storage, noticed: () => void): Storage {
  return {
    ...storage,
    put: (...given) => {
      noticed();
      return storage.put(...given);
    },
    delete: (...given) => {
      noticed();
      return storage.delete(...given);
    },
  };
}

/** Writes the kubeconfig and says where it is. */
function announce(
  { settings, reporter }: Pick<CommandContext, 'settings' | 'reporter'>,
  { pki, dataDir, port }: { readonly pki: Pki; readonly dataDir: string; readonly port: number },
): void {
  const server = `https://${urlHost(settings['bind-address'])}:${String(port)}`;
  const kubeconfig = settings['write-kubeconfig'] ?? join(dataDir, 'kubeconfig');
  writeFileAtomic(kubeconfig, kubeconfigText({ name: 'coracle', server, authority: pki.authority.cert, client: pki.admin }), 0o600);
  reporter.note('There are no access rules yet: every authenticated client is an administrator.');
  reporter.note(`The cluster is ready: ${server}`);
  reporter.note(`  export KUBECONFIG=${kubeconfig}`);
}

/** Snapshots by schedule, and those that `coracle snapshot save` asks for. */
async function startSnapshots(
  settings: Settings,
  source: SnapshotSource,
  { lifecycle, logger }: { readonly lifecycle: Lifecycle; readonly logger: Logger },
): Promise<void> {
  const dir = snapshotDir(settings);
  const calls = { snapshot: async (wanted: unknown) => takeSnapshot(source, wanted as { dir: string; prefix: string }) };
  try {
    lifecycle.add(await startControlSocket(source.dataDir, calls));
  } catch (error) {
    // Its path may be too long for a socket; the cluster works without.
    logger.warn({ error: String(error) }, 'coracle snapshot save will not reach this server');
  }
  if (settings['disable-snapshots'] || settings['datastore-endpoint'] === 'memory') return;
  const { 'snapshot-name': prefix, 'snapshot-schedule-cron': schedule, 'snapshot-retention': keep } = settings;
  lifecycle.add(await startSnapshotSchedule({ source, dir, prefix, schedule, keep, logger }));
}

interface ClusterKeysOptions {
  readonly storage: Storage;
  readonly dataDir: string;
  readonly hosts: readonly string[];
  readonly token: string | undefined;
}

/** The cluster's authority and token: made at the first start, or those of the servers that share the datastore. */
async function clusterKeys({ storage, dataDir, hosts, token }: ClusterKeysOptions): Promise<{ pki: Pki; joinToken: string }> {
  const open = (): Promise<Pki> => openPki({ dataDir, hosts, now: realClock.now() });
  if (storage.shared !== true) {
    const pki = await open();
    return { pki, joinToken: joinSecret(dataDir, token, pki.authority.cert) };
  }
  await takeSharedKeys({ storage, dataDir, secret: knownSecret(dataDir, token) });
  const isFirst = !existsSync(join(dataDir, 'tls', 'ca.crt'));
  const pki = await open();
  const secret = joinSecret(dataDir, token, pki.authority.cert);
  if (await leaveSharedKeys({ storage, dataDir, secret })) return { pki, joinToken: secret };
  // Another server with this token began at the same moment and was faster: what was made here has not been used yet.
  if (isFirst) rmSync(join(dataDir, 'tls'), { recursive: true });
  await takeSharedKeys({ storage, dataDir, secret });
  return { pki: await open(), joinToken: secret };
}

/** Rarely wanted, and so loaded only then. */
async function simNodes(options: SimNodesOptions): Promise<Running> {
  const { client } = options;
  return (await import('../agent/fleet/sim-nodes.ts')).startSimNodes({ ...options, client: (name) => client(`node:${name}`) });
}

function runtimeOptions({
  settings,
  reporter,
  isRoot,
}: Pick<CommandContext, 'settings' | 'reporter' | 'isRoot'>): Parameters<typeof chooseRuntime>[0] {
  const { runtime, docker } = settings;
  return { runtime, isRoot, noSetup: settings['no-setup'], dockerSocket: docker, dataDir: settings['data-dir'], reporter };
}

function networks(settings: Settings): {
  clusterCIDRs: readonly string[];
  serviceCIDRs: readonly string[];
  featureGates: ReadonlySet<FeatureGate>;
  clusterDNS: readonly string[];
  clusterDomain: string;
  backend: Backend;
} {
  const serviceCIDRs = settings['service-cidr'];
  return {
    clusterCIDRs: settings['cluster-cidr'],
    serviceCIDRs,
    featureGates: featureGatesOf(settings['feature-gates'] ?? []),
    clusterDNS: settings['cluster-dns'] ?? serviceCIDRs.map((cidr) => addressAt(cidr, 10)),
    clusterDomain: settings['cluster-domain'],
    backend: asBackend(settings['flannel-backend']),
  };
}

/** Every name and address clients may reach the API server by. */
function serverHosts(settings: Settings, { nodeName, addresses }: { nodeName: string; addresses: readonly string[] }): string[] {
  const inCluster = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', `kubernetes.default.svc.${settings['cluster-domain']}`];
  const bound = settings['bind-address'];
  return [
    ...new Set([
      ...['localhost', '127.0.0.1', '::1', nodeName],
      ...addresses,
      ...inCluster,
      ...settings['service-cidr'].map((cidr) => addressAt(cidr, 1)),
      ...(bound === undefined || /^[0:.]+$/.test(bound) ? [] : [bound]),
      ...(settings['tls-san'] ?? []),
    ]),
  ];
}

/** How this machine reaches an address the server is bound to. */
function urlHost(bound: string | undefined): string {
  if (bound === undefined || /^[0:.]+$/.test(bound)) return '127.0.0.1';
  return isIP(bound) === 6 ? `[${bound}]` : bound;
}

/** Throws what went wrong, in words about the settings where they are the reason. */
function fail(error: unknown, settings: Settings): never {
  const { code } = error as NodeJS.ErrnoException;
  const port = String(settings['https-listen-port']);
  if (code === 'EADDRINUSE') throw new UsageError(`--https-listen-port ${port}: in use by another program`, { cause: error });
  if (code === 'EACCES') throw new UsageError(`--https-listen-port ${port}: not allowed for this user`, { cause: error });
  if (code === 'EADDRNOTAVAIL')
    throw new UsageError(`--bind-address ${settings['bind-address'] ?? ''}: not an address of this machine`, { cause: error });
  throw error;
}
