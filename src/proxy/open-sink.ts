/** Chooses how services are served on this machine. */
import { availableParallelism } from 'node:os';
import type { Commands } from '../base/command.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Family } from './addresses.ts';
import { openNftSink } from './nftables/nft-sink.ts';
import type { TablePlan } from './nftables/table-text.ts';
import { tableName } from './nftables/table-text.ts';
import type { RuleSink } from './rule-sink.ts';
import { openUserspaceSink } from './userspace/userspace-sink.ts';

export type ProxyMode = 'auto' | 'nftables' | 'userspace';

export function asProxyMode(text: string): ProxyMode {
  return text === 'nftables' || text === 'userspace' ? text : 'auto';
}

export interface OpenSinkOptions extends TablePlan {
  readonly commands: Commands;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly mode?: ProxyMode;
}

/** 'auto' takes nftables where this process may use them, and says in one line when it may not. */
export async function openSink(options: OpenSinkOptions, { onLost }: { readonly onLost: () => void }): Promise<RuleSink> {
  const { mode = 'auto', logger } = options;
  if (mode === 'userspace') return openUserspaceSink(options);
  const obstacle = mode === 'auto' ? await nftObstacle(options) : undefined;
  if (obstacle === undefined) {
    await setConnectionTracking(options);
    return openNftSink({ ...options, families: await usableFamilies(options), onLost });
  }
  logger.warn({}, `services are served by proxies in this process, node ports only: ${obstacle}`);
  return openUserspaceSink(options);
}

/** Why nftables cannot be used; undefined: they can. */
async function nftObstacle({ commands, instance }: OpenSinkOptions): Promise<string | undefined> {
  const table = `${tableName(instance)}_probe`;
  try {
    await commands.run('nft', ['-f', '-'], `add table ip ${table}\ndelete table ip ${table}\n`);
    return undefined;
  } catch (error) {
    return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  }
}

/**
 * What kube-proxy sets: an idle connection is remembered for a day, one that is half closed for an hour, and there is room for 32,768 a
 * core (131,072 at least). More room than that stays. Where it may not be written, the kernel's own values do.
 */
async function setConnectionTracking({ commands }: OpenSinkOptions): Promise<void> {
  const room = Math.max(131_072, 32_768 * availableParallelism());
  const script = `cd /proc/sys/net/netfilter 2>/dev/null || exit 0
set_to() { [ "$(cat "$1")" = "$2" ] || echo "$2" > "$1"; }
set_to nf_conntrack_tcp_timeout_established 86400
set_to nf_conntrack_tcp_timeout_close_wait 3600
[ "$(cat nf_conntrack_max)" -ge ${String(room)} ] || echo ${String(room)} > nf_conntrack_max
exit 0`;
  await commands.run('sh', [
    '-c',
    `{ ${script}
} 2>/dev/null`,
  ]);
}

/** The families the kernel has; turns on what 127.0.0.1:NodePort needs. */
async function usableFamilies({ commands, logger }: OpenSinkOptions): Promise<Family[]> {
  const script =
    '[ ! -e /proc/sys/net/ipv6 ] || echo ip6; set=/proc/sys/net/ipv4/conf/all/route_localnet; [ "$(cat $set)" = 1 ] || { echo 1 > $set; } 2>/dev/null || echo refused; exit 0';
  const output = await commands.run('sh', ['-c', script]);
  if (output.includes('refused')) logger.warn({}, 'cannot set route_localnet: NodePorts are not served on 127.0.0.1');
  return output.includes('ip6') ? ['ip', 'ip6'] : ['ip'];
}
