/** `coracle kubeconfig [--merge]` */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { CommandContext } from './cli.ts';
import { findDataDir } from './data-dir.ts';
import { writeFileAtomic } from './files.ts';
import { mergeKubeconfig, readKubeconfig } from './kubeconfig.ts';
import { UsageError } from './usage-error.ts';

/** Prints the cluster's kubeconfig or merges it into the user's own. */
export async function runKubeconfig({ settings, reporter, environment }: CommandContext, merge: boolean): Promise<void> {
  const file = settings['write-kubeconfig'] ?? join(settings['data-dir'], 'kubeconfig');
  if (findDataDir(settings['data-dir']) === undefined || !existsSync(file)) {
    throw new UsageError(`no cluster in ${settings['data-dir']}; start one with coracle server, or name its folder with --data-dir`);
  }
  const text = readFileSync(file, 'utf8');
  if (!merge) {
    process.stdout.write(text);
    return;
  }
  const target = environment['KUBECONFIG']?.split(':').find((name) => name !== '') ?? join(homedir(), '.kube', 'config');
  const entry = readKubeconfig(text);
  writeFileAtomic(target, mergeKubeconfig(target, entry), 0o600);
  reporter.note(`${target} has the context ${entry.name}, now current: kubectl get nodes`);
}
