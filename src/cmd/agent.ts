/** `coracle agent`: this machine as a node of a server elsewhere, in the foreground until Ctrl-C. */
import type { KeyPair } from '../auth/certificates.ts';
import { realClock } from '../base/clock.ts';
import { Lifecycle } from '../base/lifecycle.ts';
import { createLogger } from '../base/logger.ts';
import { createInformers } from '../client/informer-factory.ts';
import type { CommandContext } from './cli.ts';
import { claim, openDataDir } from './data-dir.ts';
import { hostAddresses, hostNodeName } from './host.ts';
import { joinCluster, type NodeCertificate } from './join.ts';
import { parseJoinToken } from './join-token.ts';
import { asProxyMode } from '../proxy/open-sink.ts';
import { startNode } from './node.ts';
import { nodeSettings } from './node-settings.ts';
import { startRotation } from './rotation.ts';
import { chooseRuntime } from './setup/runtime.ts';
import { untilStopped } from './signals.ts';
import { startSparingMemory } from './spare-memory.ts';
import { tokenOf } from './token-file.ts';
import { untilReached } from './until-reached.ts';
import { UsageError } from './usage-error.ts';
import { gitVersion } from './version.ts';

export async function runAgent({ settings, reporter, isRoot }: CommandContext): Promise<void> {
  const servers = serverURLs(settings.server);
  const token = tokenOf(settings);
  if (token === undefined) throw new UsageError('--token or --token-file is needed: DATA/token of the server');
  const stopped = untilStopped();
  const waiting = new AbortController();
  void stopped.then(() => waiting.abort());
  const lifecycle = new Lifecycle();
  try {
    const { path: dataDir, instance } = openDataDir(settings['data-dir']);
    lifecycle.add(claim(dataDir));
    const runtime = await chooseRuntime({
      runtime: settings.runtime,
      isRoot,
      noSetup: settings['no-setup'],
      dockerSocket: settings.docker,
      dataDir,
      reporter,
    });
    const logger = createLogger(settings['log-level']);
    const nodeName = settings['node-name'] ?? hostNodeName();
    const nodeIPs = settings['node-ip'] ?? hostAddresses();
    reporter.step(`joining ${servers.map(({ origin }) => origin).join(', ')} as ${nodeName}`);
    const hosts = [...new Set([nodeName, ...nodeIPs])];
    const userAgent = `kubelet/${gitVersion} coracle`;
    const member = { servers, joinToken: parseJoinToken(token), dataDir, nodeName, hosts, userAgent };
    const joined = await untilReached(() => joinCluster({ ...member, now: realClock.now() }), {
      clock: realClock,
      signal: waiting.signal,
      tell: ({ message }) => reporter.note(`${message}; trying until it answers`),
    });
    if (joined === undefined) return;
    const { ca, client, clusterSettings, own, serving } = joined;
    const rotate = ({ pair, renew }: NodeCertificate, use: (renewed: KeyPair) => void): void =>
      void lifecycle.add(startRotation({ pair, renew, use, clock: realClock, logger, random: Math.random }));
    rotate(own, client.useCertificate);
    const informers = lifecycle.add(createInformers({ client, clock: realClock, logger }));
    lifecycle.add(
      await startNode({
        ...clusterSettings,
        client: () => client,
        informers,
        instance,
        dataDir,
        nodeName,
        nodeIPs,
        runtime,
        servesDns: false,
        dockerSocket: settings.docker,
        ...(await nodeSettings(settings)),
        podManifestPath: settings['pod-manifest-path'],
        networkPolicy: !settings['disable-network-policy'],
        proxyMode: asProxyMode(settings['proxy-mode']),
        kubelet: {
          port: settings['kubelet-port'],
          tls: serving.pair,
          clientCA: ca,
          onRenewable: (use) => rotate(serving, use),
        },
        clock: realClock,
        logger,
      }),
    );
    lifecycle.add(startSparingMemory({ clock: realClock, always: true })).started();
    reporter.note(`The node ${nodeName} is registered.`);
    await stopped;
    reporter.note('Stopping; containers go on.');
  } finally {
    await lifecycle.stop();
  }
}

function serverURLs(text: string | undefined): URL[] {
  if (text === undefined) throw new UsageError('--server is needed: the URL of the server to join, such as https://10.0.0.1:6443');
  return text.split(',').map((part) => {
    const url = URL.canParse(part.trim()) ? new URL(part.trim()) : undefined;
    if (url?.protocol !== 'https:') throw new UsageError(`--server ${part}: must be a URL such as https://10.0.0.1:6443`);
    return url;
  });
}
