/**
 * Hears when somebody else takes away what the pod network stands on: devices, addresses, routes, forwarding (`ip monitor`) and
 * packet filter rules (`nft monitor`). Both processes sleep until the kernel tells of a change; where one cannot run, nothing is heard.
 */
import { Backoff } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import { delay } from '../../base/clock.ts';
import type { Commands } from '../../base/command.ts';
import type { Running } from '../../base/lifecycle.ts';
import { running } from '../../base/lifecycle.ts';
import { followMonitor } from '../../base/monitor.ts';

export interface HostWatchOptions {
  readonly commands: Commands;
  readonly clock: Clock;
  /** Whether a line of `ip -o monitor link address route netconf` or of `nft monitor destroy rules` tells of a loss. */
  readonly isLoss: (line: string) => boolean;
  /** Puts everything right; called a moment after a loss, again (ever later) when it fails. */
  readonly repair: () => Promise<void>;
}

const programs = ['exec ip -o monitor link address route netconf 2>/dev/null', 'exec nft monitor destroy rules 2>/dev/null'];

/** Whoever changes one thing is about to change more. */
const settleMs = 150;

export function watchHost({ commands, clock, isLoss, repair }: HostWatchOptions): Running {
  const abort = new AbortController();
  const { signal } = abort;
  let repairing: Promise<void> | undefined;
  let again = false;

  const mend = async (): Promise<void> => {
    const backoff = new Backoff({ initialMs: 1000, maxMs: 60_000, factor: 2, resetMs: 120_000, clock });
    do {
      await delay(clock, settleMs, signal);
      if (signal.aborted) return;
      again = false;
      try {
        await repair();
      } catch {
        again = true;
        await delay(clock, backoff.next(), signal);
      }
    } while (again && !signal.aborted);
  };
  const lost = (): void => {
    again = true;
    repairing ??= mend().finally(() => (repairing = undefined));
  };
  const onLine = (line: string): void => {
    if (isLoss(line)) lost();
  };
  const monitors = programs.map((script) => followMonitor({ commands, clock, script, onLine, onGap: lost }));
  return running(async () => {
    abort.abort();
    await Promise.all(monitors.map((monitor) => monitor.stop()));
    await repairing;
  });
}

export interface WantedOnHost {
  /** Devices, addresses (without the length of a prefix that is one address) and destinations, as `ip` writes them. */
  words(): ReadonlySet<string>;
  /** The table whose rules matter, as `nft` writes it (without the family). */
  readonly table: string;
}

/** What this node itself takes away (the veth of a pod that ends) is not wanted any more by then, and so is no loss. */
export function isLoss(line: string, wanted: WantedOnHost): boolean {
  if (line.startsWith('delete rule ')) return line.includes(` ${wanted.table} `) || / filter (FORWARD|DOCKER-USER) /.test(line);
  if (/^inet6? all forwarding off/.test(line)) return true;
  const named = (): boolean => {
    const words = wanted.words();
    return line.split(/\s+/).some((word) => words.has(bare(word)));
  };
  if (line.startsWith('Deleted ')) return named();
  // `5: eth0: <BROADCAST,...> ...`: routes go away with a device that goes down, without a word about them.
  const [, device = '', flags] = /^\d+: ([^:@]+)[^<]*<([^>]*)>/.exec(line) ?? [];
  if (flags === undefined) return false;
  const isUp = flags.split(',').includes('UP');
  return isUp ? !passing.test(device) : named();
}

/** Devices that come and go with containers and lead to no other node. */
const passing = /^(?:lo$|veth|docker|br-|co[0-9a-f]{6})/;

/** `eth0@if7:` -> `eth0`, `10.42.0.1/32` -> `10.42.0.1` */
function bare(word: string): string {
  return word.replace(/(?:@[^:]*)?:$/, '').replace(/\/(?:32|128)$/, '');
}
