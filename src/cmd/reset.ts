/** `coracle reset`: nothing of the cluster is left on the machine. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { resetContainers, unmountBelow } from '../agent/reset.ts';
import { resetPodNetwork } from '../agent/network/node.ts';
import { delay, realClock } from '../base/clock.ts';
import { systemCommands } from '../base/command.ts';
import { resetNetworkPolicies } from '../proxy/policy/reset.ts';
import { resetProxy } from '../proxy/reset.ts';
import type { CommandContext } from './cli.ts';
import { findDataDir, runningProcess, type DataDir } from './data-dir.ts';
import { usualLogDirs } from './node-settings.ts';
import { dockerAnswers, ownDockerd } from './setup/dockerd.ts';
import { isInstalled } from './setup/packages.ts';
import { UsageError } from './usage-error.ts';

/** Refuses while the cluster runs. Safe to call again after a failure, and when there is nothing to remove. */
export async function runReset(context: CommandContext): Promise<void> {
  const { settings, reporter, isRoot } = context;
  const dataDir = findDataDir(settings['data-dir']);
  if (dataDir === undefined) {
    reporter.note(`nothing to remove: no cluster in ${settings['data-dir']}`);
    return;
  }
  const pid = runningProcess(dataDir.path);
  if (pid !== undefined) throw new UsageError(`the cluster runs as process ${String(pid)}; stop it first (Ctrl-C, or kill ${String(pid)})`);
  if (isRoot) await resetHost(context, dataDir);
  reporter.step(`removing ${dataDir.path}`);
  rmSync(settings['write-kubeconfig'] ?? join(dataDir.path, 'kubeconfig'), { force: true });
  rmSync(dataDir.path, { recursive: true, force: true });
}

async function resetHost({ settings, reporter }: CommandContext, dataDir: DataDir): Promise<void> {
  const { instance, path } = dataDir;
  const commands = systemCommands();
  if (existsSync(settings.docker) && (await dockerAnswers(settings.docker))) {
    reporter.step('removing containers');
    await resetContainers({ socket: settings.docker, instance, logDirs: usualLogDirs });
  }
  await unmountBelow(path, commands.run);
  reporter.step('removing network and rules');
  if (isInstalled('ip')) await resetPodNetwork({ instance, commands });
  await resetProxy({ instance, commands });
  await resetNetworkPolicies({ instance, commands });
  const dockerd = ownDockerd(path);
  if (dockerd === undefined) return;
  reporter.step('stopping the dockerd that Coracle started');
  process.kill(dockerd, 'SIGTERM');
  const wait = setInterval(() => undefined, 1000);
  while (ownDockerd(path) !== undefined) await delay(realClock, 50);
  clearInterval(wait);
}
