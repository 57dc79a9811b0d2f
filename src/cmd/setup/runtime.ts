/** Decides whether this machine can run containers, after bringing it there where it may. */
import { realClock } from '../../base/clock.ts';
import { systemCommands } from '../../base/command.ts';
import type { Reporter } from '../reporter.ts';
import { UsageError } from '../usage-error.ts';
import { dockerAnswers, ensureDockerd } from './dockerd.ts';
import { installMissing, isInstalled, nodeNeeds } from './packages.ts';

export interface RuntimeOptions {
  /** What was asked for. */
  readonly runtime: string;
  readonly isRoot: boolean;
  /** Leave the machine alone. */
  readonly noSetup: boolean;
  readonly dockerSocket: string;
  readonly dataDir: string;
  readonly reporter: Reporter;
}

/** 'auto' falls back to simulated pods and says why in one line; 'docker' throws {@link UsageError} where it cannot be had. */
export async function chooseRuntime(options: RuntimeOptions): Promise<'docker' | 'sim'> {
  if (options.runtime === 'sim') return 'sim';
  const problem = await obstacle(options);
  if (problem === undefined) return 'docker';
  if (options.runtime === 'docker') throw new UsageError(`--runtime docker: ${problem}`);
  options.reporter.note(`This node only simulates its pods: ${problem}.`);
  return 'sim';
}

async function obstacle(options: RuntimeOptions): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'containers need Linux';
  if (!options.isRoot) return 'containers and their network need root (run it with sudo)';
  const { run } = systemCommands();
  if (!options.noSetup) {
    return (
      (await installMissing(nodeNeeds, { run, reporter: options.reporter })) ??
      (await ensureDockerd({ ...options, socket: options.dockerSocket, clock: realClock, run }))
    );
  }
  const missing = nodeNeeds.filter((need) => need.program !== 'dockerd' && !isInstalled(need.program)).map((need) => need.title);
  if (missing.length > 0) return `missing on this machine: ${missing.join(', ')}`;
  return (await dockerAnswers(options.dockerSocket)) ? undefined : `no Docker Engine answers on ${options.dockerSocket}`;
}
