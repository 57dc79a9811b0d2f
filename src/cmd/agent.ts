/** `coracle agent`: this machine as a node of a server elsewhere, in the foreground until Ctrl-C. */
import type { KeyPair } from '../auth/certificates.ts';
import { setFlagsFromString } from 'node:v8';
import { realClock } from '../base/clock.ts';
import { Lifecycle } from '../base/lifecycle.ts';
import { createLogger } from '../base/logger.ts';
import { httpsClient } from '../client/https.ts';
import { createInformers } from '../client/informer-factory.ts';
import type { CommandContext } from './cli.ts';
import { claim, openDataDir } from './data-dir.ts';
import { hostAddresses, hostNodeName } from './host.ts';
import { discoverAuthority, nodeCertificate, readClusterSettings, renewedCertificate } from './join.ts';
import { parseJoinToken, type JoinToken } from './join-token.ts';
import { asProxyMode } from '../proxy/open-sink.ts';
import { startNode } from './node.ts';
import { nodeSettings } from './node-settings.ts';
import { startRotation } from './rotation.ts';
import { chooseRuntime } from './setup/runtime.ts';
import { untilStopped } from './signals.ts';
import { tokenOf } from './token-file.ts';
import { UsageError } from './usage-error.ts';
import { gitVersion } from './version.ts';

export async function runAgent({ settings, reporter, isRoot }: CommandContext): Promise<void> {
  // An agent makes little garbage at a time: a young generation that stays small saves 15 MB.
  setFlagsFromString('--semi-space-growth-factor=1');
  const servers = serverURLs(settings.server);
  const token = tokenOf(settings);
  if (token === undefined) throw new UsageError('--token or --token-file is needed: DATA/token of the server');
  const stopped = untilStopped();
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
    const joinToken = parseJoinToken(token);
    const ca = await authorityOf(servers, joinToken);
    const connection = { server: servers.map(({ origin }) => origin), ca, userAgent: `kubelet/${gitVersion} coracle` };
    const common = { dataDir, nodeName, now: realClock.now() };
    const joiner = httpsClient({ ...connection, token: joinToken.secret });
    const ownName = { name: `node-client-${nodeName}`, use: 'client', hosts: [] } as const;
    const own = await nodeCertificate({ ...common, ...ownName, client: joiner });
    const client = httpsClient({ ...connection, cert: own.cert, key: own.key });
    const hosts = [...new Set([nodeName, ...nodeIPs])];
    const servingName = { name: `node-serving-${nodeName}`, use: 'serving', hosts } as const;
    const serving = await nodeCertificate({ ...common, ...servingName, client });
    const rotate = (pair: KeyPair, name: typeof ownName | typeof servingName, use: (renewed: KeyPair) => void): void => {
      const renew = (): Promise<KeyPair> => renewedCertificate({ ...common, ...name, client, now: realClock.now() });
      lifecycle.add(startRotation({ pair, renew, use, clock: realClock, logger, random: Math.random }));
    };
    rotate(own, ownName, client.useCertificate);
    const informers = lifecycle.add(createInformers({ client, clock: realClock, logger }));
    lifecycle.add(
      await startNode({
        ...(await readClusterSettings(client)),
        client: () => client,
        informers,
        instance,
        dataDir,
        nodeName,
        nodeIPs,
        runtime,
        servesDns: false,
        dockerSocket: settings.docker,
        ...nodeSettings(settings),
        podManifestPath: settings['pod-manifest-path'],
        networkPolicy: !settings['disable-network-policy'],
        proxyMode: asProxyMode(settings['proxy-mode']),
        kubelet: {
          port: settings['kubelet-port'],
          tls: serving,
          clientCA: ca,
          onRenewable: (use) => rotate(serving, servingName, use),
        },
        clock: realClock,
        logger,
      }),
    );
    reporter.note(`The node ${nodeName} is registered.`);
    await stopped;
    reporter.note('Stopping; containers go on.');
  } finally {
    await lifecycle.stop();
  }
}

/** The first server that answers tells it. */
async function authorityOf(servers: readonly URL[], joinToken: JoinToken): Promise<string> {
  const failures: unknown[] = [];
  for (const server of servers) {
    try {
      return await discoverAuthority(server, joinToken);
    } catch (error) {
      failures.push(error);
    }
  }
  throw failures[0];
}

function serverURLs(text: string | undefined): URL[] {
  if (text === undefined) throw new UsageError('--server is needed: the URL of the server to join, such as https://10.0.0.1:6443');
  return text.split(',').map((part) => {
    const url = URL.canParse(part.trim()) ? new URL(part.trim()) : undefined;
    if (url?.protocol !== 'https:') throw new UsageError(`--server ${part}: must be a URL such as https://10.0.0.1:6443`);
    return url;
  });
}
