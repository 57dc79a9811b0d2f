/** Figures of one sitting: start, memory, API load; with --node also pods on Docker. With --peer the real control plane beside it. */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { commandLine, wholeNumber } from '../../test/support/command-line.ts';
import { CoracleProcess, freePort } from '../../test/support/coracle.ts';
import { dnsFigures } from './dns.ts';
import { growFigures } from './grow.ts';
import { ingressFigures } from './ingress.ts';
import { load } from './load.ts';
import { policyFigures } from './network-policy.ts';
import { agentFigures, nodeFigures, peerNodeFigures } from './node.ts';
import { residentMB } from './processes.ts';
import { benchAddress, serviceFigures } from './services.ts';
import { median, row } from './statistics.ts';
import { embeddedFigures, etcdFigures } from './storage.ts';
import { peerKubeconfig, Target } from './target.ts';
import { startPeer, workloadFigures } from './workloads.ts';

const help = `npm run bench -- [--count PODS] [--starts N] [--node] [--peer]
  start to /readyz and memory (medians of N starts on empty stores), then API load on an API server alone
  --node   also pods on Docker: one replica more, 40 more, 47 deleted, memory, idle CPU, exec, logs, and the memory
           of a joined agent alone (root, Docker)
  --peer   the same load on the real control plane (../shared/peers/control-plane.sh)
  --peer-node  with --node, first the same pods on the real kubelet with containerd (../shared/peers/node.sh; its control plane must
           be up with controllers and scheduler, and no other pods may run on this machine), then the ratios
npm run bench -- --workloads [--nodes N] [--pods N] [--peer]
  instead: a Deployment at scale on simulated nodes; the peer's are kwok's (go install sigs.k8s.io/kwok/cmd/kwok@v0.7.0)
npm run bench -- --dns [--seconds N] [--peer]
  instead: questions about 1,000 Services on loopback; the peer is CoreDNS (COREDNS, or PEERS/bin/coredns) on the same API server
npm run bench -- --storage [--objects N] [--starts N] [--count PODS] [--peer]
  instead: start with N objects, requests during a snapshot and compaction; API load on etcd, the peer's (with controllers and scheduler, too) on its own etcd
npm run bench -- --ingress
  instead: the Ingress controller beside bare http-proxy, in turns on one backend
npm run bench -- --policies
  instead: the rules of 1,000 network policies and 10,000 pods, worked out without a kernel
npm run bench -- --services [--changes N] [--peer]
  instead: the proxy's rules for 100 and 5,000 Services; the peer is kube-proxy on the same server (root, nft)
npm run bench -- --grow [--sizes 1000,10000,100000]
  instead: the same requests on stores of these sizes, each in processor time of the server
Example: npm run bench -- --count 1000 --peer`;
const { values } = commandLine(help, {
  count: { type: 'string', default: '3000' },
  starts: { type: 'string', default: '5' },
  node: { type: 'boolean', default: false },
  peer: { type: 'boolean', default: false },
  'peer-node': { type: 'boolean', default: false },
  workloads: { type: 'boolean', default: false },
  storage: { type: 'boolean', default: false },
  services: { type: 'boolean', default: false },
  ingress: { type: 'boolean', default: false },
  policies: { type: 'boolean', default: false },
  changes: { type: 'string', default: '200' },
  objects: { type: 'string', default: '100000' },
  nodes: { type: 'string', default: '1000' },
  pods: { type: 'string', default: '10000' },
  dns: { type: 'boolean', default: false },
  seconds: { type: 'string', default: '10' },
  grow: { type: 'boolean', default: false },
  sizes: { type: 'string', default: '1000,10000,100000' },
});

async function server(extra: readonly string[] = []): Promise<CoracleProcess> {
  return new CoracleProcess([
    ...['--https-listen-port', String(await freePort()), '--kubelet-port', '0', '--no-setup'],
    ...['--cluster-cidr', '10.152.0.0/16,fd42:2::/56', '--service-cidr', '10.153.0.0/16,fd43:2::/112'],
    ...extra,
  ]);
}

async function starts(times: number): Promise<void> {
  const seconds: number[] = [];
  const memory: number[] = [];
  for (let at = 0; at < times; at += 1) {
    const coracle = await server(['--runtime', 'sim']);
    const started = performance.now();
    await coracle.start();
    seconds.push((performance.now() - started) / 1000);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    memory.push(residentMB(coracle.pid));
    await coracle.stop();
    rmSync(coracle.dataDir, { recursive: true, force: true });
  }
  row('coracle: start to /readyz, empty store', `${median(seconds).toFixed(2)} s (${seconds.map((value) => value.toFixed(2)).join(' ')})`);
  row('coracle: memory 1 s after start', `${median(memory).toFixed(0)} MB (${memory.map((value) => value.toFixed(0)).join(' ')})`);
}

/** What the peer is without controllers and scheduler. */
const alone = ['--disable-agent', '--disable-controller-manager', '--disable-scheduler', '--disable-admission-plugins', 'ServiceAccount'];

async function apiLoad(count: number): Promise<void> {
  const coracle = await server(alone);
  await coracle.start();
  await load(new Target('coracle', join(coracle.dataDir, 'kubeconfig')), count);
  row('coracle: memory after this load', `${residentMB(coracle.pid).toFixed(0)} MB`);
  await coracle.stop();
}

/** Runs `work` while the real API server is up; `flags`: `-a` for the whole control plane. */
async function besidePeer(work: (target: Target) => Promise<void>, flags: readonly string[] = []): Promise<void> {
  const script = join(import.meta.dirname, '..', '..', '..', 'shared', 'peers', 'control-plane.sh');
  if (!existsSync(script)) throw new Error(`--peer needs ${script}`);
  spawnSync('bash', [script, 'up', ...flags], { stdio: 'inherit' });
  await work(new Target('real', peerKubeconfig));
  spawnSync('bash', [script, 'down'], { stdio: 'inherit' });
}

async function atScale(nodes: number, pods: number): Promise<void> {
  // Room for a thousand nodes' pod networks: whoever gets none is tried again and again, as with the real controller.
  const wide = ['--cluster-cidr', '10.128.0.0/12,fd42:2::/52'];
  const coracle = await server(['--runtime', 'sim', '--sim-nodes', String(nodes), ...wide]);
  await coracle.start();
  await workloadFigures({ target: new Target('coracle', join(coracle.dataDir, 'kubeconfig')), pids: [coracle.pid], pods });
  await coracle.stop();
  if (!values.peer) return;
  await besidePeer(async (target) => {
    const peer = await startPeer(nodes);
    try {
      await workloadFigures({ target, pids: peer.pids, pods });
    } finally {
      peer.stop();
    }
  });
}

async function stores(): Promise<void> {
  const onSim = (flags: readonly string[] = []): Promise<CoracleProcess> => server(['--runtime', 'sim', ...flags]);
  await embeddedFigures({ server: onSim, objects: wholeNumber('objects', values.objects), starts: wholeNumber('starts', values.starts) });
  await etcdFigures(onSim, wholeNumber('count', values.count));
  // As on our side: a controller manager and a scheduler, which write each pod as well.
  if (values.peer) await besidePeer((target) => load(target, wholeNumber('count', values.count)), ['-a']);
}

async function rules(): Promise<void> {
  const coracle = await server(['--runtime', 'sim', '--node-name', 'bench', '--disable', 'servicelb', '--tls-san', benchAddress]);
  await coracle.start();
  const kubeconfig = join(coracle.dataDir, 'kubeconfig');
  const kubeProxy = values.peer
    ? join(process.env['PEERS'] ?? join(process.env['HOME'] ?? '', '.cache', 'peers'), 'bin', 'kube-proxy')
    : undefined;
  const target = new Target('coracle', kubeconfig);
  await serviceFigures({
    target,
    kubeconfig,
    nodeName: 'bench',
    counts: [100, 5000],
    changes: wholeNumber('changes', values.changes),
    kubeProxy,
  });
  await coracle.stop();
}

async function names(): Promise<void> {
  const coracle = await server(['--runtime', 'sim']);
  await coracle.start();
  const kubeconfig = join(coracle.dataDir, 'kubeconfig');
  const peers = process.env['PEERS'] ?? join(process.env['HOME'] ?? '', '.cache', 'peers');
  const coredns = values.peer ? (process.env['COREDNS'] ?? join(peers, 'bin', 'coredns')) : undefined;
  await dnsFigures({
    target: new Target('coracle', kubeconfig),
    kubeconfig,
    services: 1000,
    seconds: wholeNumber('seconds', values.seconds),
    coredns,
  });
  await coracle.stop();
}

if (values.dns) await names();
else if (values.ingress) await ingressFigures();
else if (values.policies) policyFigures(1000, 10_000);
else if (values.services) await rules();
else if (values.storage) await stores();
else if (values.grow) {
  const sizes = values.sizes.split(',').map(Number);
  await growFigures({ server: () => server(['--runtime', 'sim']), sizes, requests: 1000 });
} else if (values.workloads) await atScale(wholeNumber('nodes', values.nodes), wholeNumber('pods', values.pods));
else {
  await starts(wholeNumber('starts', values.starts));
  await apiLoad(wholeNumber('count', values.count));
  if (values.peer) await besidePeer((target) => load(target, wholeNumber('count', values.count)));
  if (values.node) {
    const peer = values['peer-node'] ? await peerNodeFigures() : undefined;
    await nodeFigures(await server(['--runtime', 'docker']), peer);
    await agentFigures(await server(['--disable-agent']));
  }
}
