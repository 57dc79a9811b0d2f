/**
 * The part of CoreDNS's Corefile that people write into the ConfigMap kube-system/coredns-custom (as k3s and AKS read it): keys
 * `*.server` hold server blocks for zones of their own, keys `*.override` hold lines for everything else. Understood are forward,
 * hosts, cache, rewrite name; errors, log, ready, reload, loop, loadbalance and the like change nothing here.
 */
import { isIP } from 'node:net';
import { addressBytes, canonicalIP } from './addresses.ts';
import type { Upstream } from './forward.ts';

export interface Rewrite {
  readonly kind: 'exact' | 'suffix' | 'prefix';
  readonly from: string;
  readonly to: string;
}

/** Names of one zone. */
export interface ZoneConfig {
  /** In lower case without the last dot; '' for everything. */
  readonly zone: string;
  readonly upstreams: readonly Upstream[];
  /** Addresses by name. */
  readonly hosts: ReadonlyMap<string, readonly string[]>;
  /** What `hosts` does not know is answered by what comes next, and not denied. */
  readonly fallthrough: boolean;
  readonly hostsTTL: number;
  readonly rewrites: readonly Rewrite[];
  /** Longest life in the cache, in seconds; undefined: as usual. */
  readonly cacheSeconds: number | undefined;
}

export interface DnsConfig {
  readonly zones: readonly ZoneConfig[];
  /** What was not understood, for the log. */
  readonly problems: readonly string[];
}

interface Line {
  readonly words: readonly string[];
  readonly block: readonly Line[];
}

const harmless = new Set([
  'errors',
  'log',
  'ready',
  'reload',
  'loop',
  'loadbalance',
  'health',
  'prometheus',
  'debug',
  'lameduck',
  'bind',
  'bufsize',
  'any',
  'minimal',
]);

/** `data` of the ConfigMap. Never throws: what is wrong is in `problems` and left out. */
export function readDnsConfig(data: Readonly<Record<string, string>>): DnsConfig {
  const problems: string[] = [];
  const zones: ZoneConfig[] = [];
  const overrides: Line[] = [];
  for (const [key, text] of Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!/\.(server|override)$/.test(key)) continue;
    const note = (problem: string): number => problems.push(`${key}: ${problem}`);
    const lines = parseLines(text, note);
    if (key.endsWith('.override')) overrides.push(...lines);
    else for (const block of lines) for (const zone of block.words) zones.push(zoneConfig(zoneName(zone), block.block, note));
  }
  if (overrides.length > 0) zones.push(zoneConfig('', overrides, (problem) => problems.push(`override: ${problem}`)));
  return { zones, problems };
}

/** `dns://example.org:53` -> `example.org` */
function zoneName(text: string): string {
  return text
    .toLowerCase()
    .replace(/^dns:\/\//, '')
    .replace(/:\d+$/, '')
    .replace(/\.$/, '');
}

function parseLines(text: string, note: (problem: string) => number): Line[] {
  const stack: { words: string[]; block: Line[] }[] = [{ words: [], block: [] }];
  for (const raw of text.split('\n')) {
    const words = raw
      .replace(/(^|\s)#.*$/, '')
      .trim()
      .split(/[\s,]+/)
      .filter((word) => word !== '');
    if (words.length === 0) continue;
    if (words[0] === '}') {
      if (stack.length > 1) stack.pop();
      else note('a closing brace without an opening one');
      continue;
    }
    const opens = words.at(-1) === '{';
    const line = { words: opens ? words.slice(0, -1) : words, block: [] };
    stack.at(-1)?.block.push(line);
    if (opens) stack.push(line);
  }
  if (stack.length > 1) note('a brace is not closed');
  return stack[0]?.block ?? [];
}

function zoneConfig(zone: string, lines: readonly Line[], note: (problem: string) => number): ZoneConfig {
  const hosts = new Map<string, string[]>();
  const upstreams: Upstream[] = [];
  const rewrites: Rewrite[] = [];
  let fallthrough = zone === '';
  let hostsTTL = 3600;
  let cacheSeconds: number | undefined;
  for (const { words, block } of lines) {
    const [plugin = '', ...args] = words;
    if (plugin === 'forward') upstreams.push(...args.slice(1).flatMap((word) => upstreamOf(word, note)));
    else if (plugin === 'cache') cacheSeconds = Number(args.find((word) => /^\d+$/.test(word)) ?? 3600);
    else if (plugin === 'rewrite') rewrites.push(...rewriteOf(args, note));
    else if (plugin === 'hosts') {
      for (const { words: entry } of block) {
        if (entry[0] === 'fallthrough') fallthrough = true;
        else if (entry[0] === 'ttl') hostsTTL = Number(entry[1]);
        else addHost(hosts, entry, note);
      }
    } else if (!harmless.has(plugin)) note(`${plugin} is not known here`);
  }
  return { zone, upstreams, hosts, fallthrough: fallthrough || hosts.size === 0, hostsTTL, rewrites, cacheSeconds };
}

function addHost(hosts: Map<string, string[]>, [ip = '', ...names]: readonly string[], note: (problem: string) => number): void {
  if (['no_reverse', 'reload'].includes(ip)) return;
  if (addressBytes(ip) === undefined) return void note(`hosts: ${ip} is no address`);
  for (const name of names) {
    const key = name.toLowerCase().replace(/\.$/, '');
    hosts.set(key, [...(hosts.get(key) ?? []), canonicalIP(ip)]);
  }
}

/** `10.0.0.1`, `10.0.0.1:5353`, `[fd00::1]:53`, `dns://...`; TLS is not spoken. */
function upstreamOf(word: string, note: (problem: string) => number): Upstream[] {
  const text = word.replace(/^dns:\/\//, '');
  const [, bracketed, plain, port = '53'] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? [];
  const host = isIP(text) === 6 ? text : (bracketed ?? plain ?? '');
  if (isIP(host.replace(/%.*$/, '')) !== 0) return [{ host, port: isIP(text) === 6 ? 53 : Number(port) }];
  note(`forward: ${word} is not understood: an address with or without a port is`);
  return [];
}

function rewriteOf(args: readonly string[], note: (problem: string) => number): Rewrite[] {
  const words = args[0] === 'stop' || args[0] === 'continue' ? args.slice(1) : args;
  const [field, ...rest] = words;
  const kind = rest[0] === 'suffix' || rest[0] === 'prefix' ? rest[0] : 'exact';
  const [from, to] = rest[0] === 'suffix' || rest[0] === 'prefix' || rest[0] === 'exact' ? rest.slice(1) : rest;
  const clean = (name: string): string => name.toLowerCase().replace(/\.$/, '');
  if (field === 'name' && from !== undefined && to !== undefined && rest[0] !== 'regex' && rest[0] !== 'substring')
    return [{ kind, from: clean(from), to: clean(to) }];
  note(`rewrite ${args.join(' ')} is not understood: name with exact, prefix or suffix is`);
  return [];
}

/** The name after the first rewrite that fits; undefined when none does. */
export function rewritten(name: string, rewrites: readonly Rewrite[]): string | undefined {
  for (const { kind, from, to } of rewrites) {
    if (kind === 'exact' && name === from) return to;
    if (kind === 'prefix' && name.startsWith(from)) return to + name.slice(from.length);
    if (kind === 'suffix' && name.endsWith(from)) return name.slice(0, name.length - from.length) + to;
  }
  return undefined;
}
