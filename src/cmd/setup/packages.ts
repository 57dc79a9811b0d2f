/** What a node needs of the machine, and how Debian and Ubuntu name the packages that bring it. */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { CommandError, type CommandRunner } from '../../base/command.ts';
import type { Reporter } from '../reporter.ts';

export interface Need {
  /** The program whose presence tells. */
  readonly program: string;
  readonly package: string;
  /** For the announcement. */
  readonly title: string;
}

export const nodeNeeds: readonly Need[] = [
  { program: 'dockerd', package: 'docker.io', title: 'Docker Engine' },
  { program: 'nft', package: 'nftables', title: 'nftables' },
  { program: 'ip', package: 'iproute2', title: 'iproute2' },
  { program: 'conntrack', package: 'conntrack', title: 'conntrack' },
];

/** The folders programs of the system are looked for in; sbin is often missing from a user's PATH. */
export function searchPath(path = process.env['PATH'] ?? ''): string[] {
  return [...new Set([...path.split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin'])].filter((dir) => dir !== '');
}

export function isInstalled(program: string, dirs = searchPath()): boolean {
  return dirs.some((dir) => {
    try {
      accessSync(join(dir, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Installs what is missing through apt, each package announced in one line.
 * Returns why it could not, in one line that says what to do, or undefined when all is there.
 */
export async function installMissing(
  needs: readonly Need[],
  deps: { run: CommandRunner; reporter: Reporter; installed?: (program: string) => boolean },
): Promise<string | undefined> {
  const installed = deps.installed ?? isInstalled;
  const missing = needs.filter((need) => !installed(need.program));
  if (missing.length === 0) return undefined;
  const names = missing.map((need) => need.package).join(' ');
  if (!installed('apt-get'))
    return `missing on this machine: ${missing.map((need) => need.title).join(', ')}; install them with your package manager`;
  for (const need of missing) deps.reporter.step(`installing ${need.title} (apt package ${need.package})`);
  const apt = (...args: string[]): Promise<string> => deps.run('env', ['DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args]);
  const install = (): Promise<string> => apt('install', '-y', '-qq', '--no-install-recommends', ...missing.map((need) => need.package));
  try {
    await install().catch(async () => {
      await apt('update', '-qq');
      return install();
    });
    return undefined;
  } catch (error) {
    const lines = error instanceof CommandError ? error.stderr.split('\n') : [String(error)];
    return `apt-get install ${names} failed: ${(lines.find((line) => line.startsWith('E:')) ?? lines[0] ?? '').trim()}`;
  }
}
