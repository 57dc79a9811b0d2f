/**
 * Hears when rules go away that nobody here takes away (`nft flush ruleset`, a firewall's restart). One `nft monitor` process that
 * sleeps until the kernel tells of a change; where it cannot run, nothing is heard.
 */
import { createInterface } from 'node:readline';
import { Backoff } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import { delay } from '../../base/clock.ts';
import type { Commands } from '../../base/command.ts';
import type { Running } from '../../base/lifecycle.ts';
import { running } from '../../base/lifecycle.ts';

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
  const backoff = new Backoff({ initialMs: 1000, maxMs: 60_000, factor: 2, resetMs: 120_000, clock });
  const gone = new RegExp(`^delete rule ${table} (?:${chains.join('|')}) `);
  let check: Promise<void> | undefined;
  const verify = async (): Promise<void> => {
    // Whoever flushes may be about to put something else there; a moment later it is done.
    await delay(clock, 100, abort.signal);
    if (abort.signal.aborted || (await areThere(options))) return;
    lost();
  };
  const listen = async (): Promise<void> => {
    while (!abort.signal.aborted) {
      const child = commands.spawn('sh', ['-c', 'exec nft monitor destroy rules 2>/dev/null']);
      child.unref();
      const stop = (): void => void child.kill();
      abort.signal.addEventListener('abort', stop);
      child.stdin.on('error', () => undefined);
      createInterface(child.stdout).on('line', (line) => {
        if (!gone.test(line) || abort.signal.aborted) return;
        check ??= verify().finally(() => (check = undefined));
      });
      await new Promise<void>((resolve) => child.on('error', () => resolve()).on('close', () => resolve()));
      abort.signal.removeEventListener('abort', stop);
      // It misses what happens while it is away (a burst of changes may end it).
      await delay(clock, backoff.next(), abort.signal);
      if (!abort.signal.aborted) await verify();
    }
  };
  const listening = listen();
  return running(async () => {
    abort.abort();
    await listening;
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
