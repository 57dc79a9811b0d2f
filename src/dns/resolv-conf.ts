/** The name servers of the machine's resolv.conf as they are now: a laptop that joins another network writes it anew. */
import { readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import type { Clock } from '../base/clock.ts';
import type { Upstream } from './forward.ts';

/** How old what is known of the file may be, in ms. It is looked at only when somebody asks. */
const freshMs = 1000;

/** The name servers of a resolv.conf text, without those in `except` (ourselves: asking there would go round in circles). */
export function parseUpstreams(text: string, except: (host: string) => boolean = () => false): Upstream[] {
  const hosts = text.split('\n').flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? []);
  return [...new Set(hosts)].filter((host) => isIP(host.replace(/%.*$/, '')) !== 0 && !except(host)).map((host) => ({ host, port: 53 }));
}

export interface ResolvConfOptions {
  readonly file: string;
  readonly except: (host: string) => boolean;
  readonly clock: Clock;
}

/** A file that is not there or cannot be read has none. The same array is answered for as long as the file stays as it is. */
export function followResolvConf({ file, except, clock }: ResolvConfOptions): () => readonly Upstream[] {
  let known: { readonly version: string; readonly upstreams: readonly Upstream[] } = { version: '', upstreams: [] };
  let looked = -Infinity;
  return () => {
    const now = clock.monotonic();
    if (now - looked < freshMs) return known.upstreams;
    looked = now;
    const version = versionOf(file);
    if (version !== known.version) known = { version, upstreams: version === '' ? [] : parseUpstreams(textOf(file), except) };
    return known.upstreams;
  };
}

/** '' where there is no such file. Symbolic links are followed: the file behind them is what changes. */
function versionOf(file: string): string {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats === undefined ? '' : [stats.dev, stats.ino, stats.size, stats.mtimeMs].join(' ');
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
