/** Leader election over a Lease (client-go tools/leaderelection): several servers, one of them runs the control loops. */
import { isReason } from '../api/errors.ts';
import type { Lease } from '../api/generated/types.ts';
import type { Clock } from '../base/clock.ts';
import { delay, rfc3339Micro } from '../base/clock.ts';
import type { Running } from '../base/lifecycle.ts';
import { running } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from './client.ts';
import { refs } from './refs.ts';

const leaseSeconds = 15;
const renewDeadlineMs = 10_000;
const retryMs = 2000;

export interface LeaderOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Lease `kube-system/NAME`. */
  readonly name: string;
  /** Who this process is; different for each. */
  readonly identity: string;
  /** Called when this process leads. */
  readonly lead: () => Running;
  /** Called when leadership was lost, after what leads was stopped. */
  readonly onLost: () => void;
}

/** Competes for the Lease and runs `lead` while holding it; stopping gives the Lease up. */
export function runAsLeader(options: LeaderOptions): Running {
  const abort = new AbortController();
  const done = compete(options, abort.signal);
  return running(async () => {
    abort.abort();
    await done;
  });
}

async function compete(options: LeaderOptions, signal: AbortSignal): Promise<void> {
  const { clock, logger } = options;
  const seen: Seen = { renewed: '', at: clock.monotonic() };
  let leading: Running | undefined;
  let held = 0;
  while (!signal.aborted) {
    if (await tryHold(options, seen)) {
      held = clock.monotonic();
      leading ??= options.lead();
    } else if (leading !== undefined && clock.monotonic() - held > renewDeadlineMs) {
      logger.warn({ lease: options.name }, 'leadership was lost');
      await leading.stop();
      leading = undefined;
      options.onLost();
    }
    await delay(clock, retryMs, signal);
  }
  await leading?.stop();
  if (leading !== undefined) await release(options);
}

/** The holder's last sign of life and when we saw it, by our own clock. */
interface Seen {
  renewed: string;
  at: number;
}

async function tryHold({ client, clock, logger, name, identity }: LeaderOptions, seen: Seen): Promise<boolean> {
  const leases = client.resource(refs.leases);
  const now = rfc3339Micro(clock.now());
  const mine = { holderIdentity: identity, leaseDurationSeconds: leaseSeconds, renewTime: now };
  try {
    const lease = await leases.get('kube-system', name);
    const { holderIdentity = '', renewTime = '', leaseTransitions = 0 } = lease.spec;
    if (renewTime !== seen.renewed) Object.assign(seen, { renewed: renewTime, at: clock.monotonic() });
    const isMine = holderIdentity === identity;
    if (!isMine && holderIdentity !== '' && clock.monotonic() - seen.at < leaseSeconds * 1000) return false;
    const spec = isMine ? { ...lease.spec, ...mine } : { ...mine, acquireTime: now, leaseTransitions: leaseTransitions + 1 };
    await leases.update({ ...lease, spec });
    return true;
  } catch (error) {
    if (isReason(error, 'NotFound')) return create({ client, name }, { ...mine, acquireTime: now, leaseTransitions: 0 });
    logger.debug({ err: error, lease: name }, 'lease was not taken');
    return false;
  }
}

async function create({ client, name }: Pick<LeaderOptions, 'client' | 'name'>, spec: Lease['spec']): Promise<boolean> {
  try {
    await client.resource(refs.leases).create('kube-system', { metadata: { name, namespace: 'kube-system' }, spec });
    return true;
  } catch {
    return false;
  }
}

async function release({ client, name, identity }: LeaderOptions): Promise<void> {
  const leases = client.resource(refs.leases);
  try {
    const lease = await leases.get('kube-system', name);
    if (lease.spec.holderIdentity === identity)
      await leases.update({ ...lease, spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1 } });
  } catch {
    // The Lease runs out by itself.
  }
}
