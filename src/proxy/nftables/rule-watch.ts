/**
 * Hears when rules go away that nobody here takes away (`nft flush ruleset`, a firewall's restart). One `nft monitor` process that
 * sleeps until the kernel tells of a change; where it cannot run, nothing is heard.
 */
import type { Clock } from '../../base/clock.ts';
import { delay } from '../../base/clock.ts';
import type { Commands } from '../../base/command.ts';
import type { Running } from '../../base/lifecycle.ts';
import { running } from '../../base/lifecycle.ts';
import { followMonitor } from '../../base/monitor.ts';

export interface RuleWatchOptions {
  readonly commands: Commands;
  readonly clock: Clock;
  /** `inet NAME` and the like. */
  readonly table: string;
  /** Chains whose rules only a replacement of the whole table takes away. */
  readonly chains: readonly string[];
}

/** Calls `lost` when one of the chains has no rules any more; after a replacement of the table they are there, and it is not called. */
export function watchRules(options: RuleWatchOptions, lost: () => void): Running {
  const { commands, clock, table, chains } = options;
  const abort = new AbortController();
  const gone = new RegExp(`^delete rule ${table} (?:${chains.join('|')}) `);
  let check: Promise<void> | undefined;
  const verify = async (): Promise<void> => {
    // Whoever flushes may be about to put something else there; a moment later it is done.
    await delay(clock, 100, abort.signal);
    if (abort.signal.aborted || (await areThere(options))) return;
    lost();
  };
  const monitor = followMonitor({
    commands,
    clock,
    script: 'exec nft monitor destroy rules 2>/dev/null',
    onLine: (line) => {
      if (gone.test(line)) check ??= verify().finally(() => (check = undefined));
    },
    onGap: verify,
  });
  return running(async () => {
    abort.abort();
    await monitor.stop();
    await check;
  });
}

async function areThere({ commands, table, chains }: RuleWatchOptions): Promise<boolean> {
  try {
    const listings = await Promise.all(chains.map((chain) => commands.run('nft', ['list', 'chain', ...table.split(' '), chain])));
    // A chain with rules has more lines than its braces and its hook.
    return listings.every((listing) => listing.trim().split('\n').length > 5);
  } catch {
    return false;
  }
}
