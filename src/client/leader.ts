/**
 * Leader election over a Lease (client-go tools/leaderelection): several servers, one of them runs the control loops. Who waits
 * follows the Lease by watch and tries when it runs out, so that nobody asks while all is well; who leads stops acting before
 * anybody else may begin.
 */
import { isReason } from '../api/errors.ts';
import type { Lease } from '../api/generated/types.ts';
import type { Clock } from '../base/clock.ts';
import { delay, rfc3339Micro } from '../base/clock.ts';
import type { Running } from '../base/lifecycle.ts';
import { running } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from './client.ts';
import { refs } from './refs.ts';

/**
 * Shorter than upstream's 15, 10 and 2 s: another server takes over within 5 s. All three are measured by each server's own
 * monotonic clock, which goes on while a process is frozen.
 */
const leaseSeconds = 4;
const renewDeadlineMs = 3000;
const renewMs = 1000;

export interface LeaderOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Lease `kube-system/NAME`. */
  readonly name: string;
  /** Who this process is; different for each. */
  readonly identity: string;
  /** Called when this process leads. `holds` tells at any moment whether it still does: ask before each write (client/guard.ts). */
  readonly lead: (holds: () => boolean) => Running;
  /** Called when leadership was lost, after what leads was stopped. */
  readonly onLost: () => void;
}

/** Competes for the Lease and runs `lead` while holding it; stopping gives the Lease up. */
export function runAsLeader(options: LeaderOptions): Running {
  const abort = new AbortController();
  const done = new Candidate(options, abort.signal).compete();
  return running(async () => {
    abort.abort();
    await done;
  });
}

class Candidate {
  readonly #options: LeaderOptions;
  readonly #signal: AbortSignal;
  /** The holder's last sign of life, when it came by our own clock, and for how long it is good. */
  readonly #seen = { holder: '', renewed: '', at: 0, seconds: leaseSeconds };
  #leading: Running | undefined;
  /** When the Lease was last renewed by this process: before the request went out. */
  #held = 0;
  #wake: () => void = () => undefined;

  constructor(options: LeaderOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  async compete(): Promise<void> {
    const { clock } = this.#options;
    let following: Running | undefined;
    while (!this.#signal.aborted) {
      following ??= await this.#follow(() => (following = undefined));
      const began = clock.monotonic();
      if (this.#mayTake() && (await this.#tryHold())) {
        this.#held = began;
        this.#leading ??= this.#options.lead(() => this.#holds());
      } else if (this.#leading !== undefined && !this.#holds()) await this.#lose();
      await this.#pause(following === undefined);
    }
    await following?.stop();
    await this.#leading?.stop();
    if (this.#leading !== undefined) await this.#release();
  }

  #holds(): boolean {
    return this.#options.clock.monotonic() - this.#held < renewDeadlineMs;
  }

  async #lose(): Promise<void> {
    const { logger, name, onLost } = this.#options;
    logger.warn({ lease: name }, 'leadership was lost');
    await this.#leading?.stop();
    this.#leading = undefined;
    onLost();
  }

  /** As far as is known; a first try finds out. */
  #mayTake(): boolean {
    const { holder } = this.#seen;
    return holder === '' || holder === this.#options.identity || this.#leftMs() <= 0;
  }

  #leftMs(): number {
    return this.#seen.at + this.#seen.seconds * 1000 - this.#options.clock.monotonic();
  }

  /** Until the next renewal, or until the Lease of another runs out or is given up. */
  async #pause(blind: boolean): Promise<void> {
    const { clock } = this.#options;
    const others = this.#seen.holder !== '' && this.#seen.holder !== this.#options.identity;
    const ms = this.#leading !== undefined || blind || !others ? renewMs : Math.max(50, this.#leftMs());
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await delay(clock, ms, AbortSignal.any([this.#signal, woken.signal]));
  }

  async #follow(ended: () => void): Promise<Running | undefined> {
    const { client, name } = this.#options;
    try {
      return await client.resource(refs.leases).watch(
        { namespace: 'kube-system', fieldSelector: `metadata.name=${name}` },
        {
          event: (event) => {
            if (event.type === 'BOOKMARK') return;
            this.#see(event.object.spec);
            if (event.type === 'DELETED') this.#seen.holder = '';
            // Whoever leads renews by itself; the others look again at when they may.
            if (this.#leading === undefined) this.#wake();
          },
          end: ended,
        },
      );
    } catch {
      return undefined;
    }
  }

  #see({ holderIdentity = '', renewTime = '', leaseDurationSeconds = leaseSeconds }: Lease['spec']): void {
    const seen = this.#seen;
    if (renewTime !== seen.renewed || holderIdentity !== seen.holder) seen.at = this.#options.clock.monotonic();
    Object.assign(seen, { holder: holderIdentity, renewed: renewTime, seconds: leaseDurationSeconds });
  }

  async #tryHold(): Promise<boolean> {
    const { client, clock, logger, name, identity } = this.#options;
    const leases = client.resource(refs.leases);
    const now = rfc3339Micro(clock.now());
    const mine = { holderIdentity: identity, leaseDurationSeconds: leaseSeconds, renewTime: now };
    try {
      const lease = await leases.get('kube-system', name);
      this.#see(lease.spec);
      if (!this.#mayTake()) return false;
      const { leaseTransitions = 0 } = lease.spec;
      const isMine = this.#seen.holder === identity;
      const spec = isMine ? { ...lease.spec, ...mine } : { ...mine, acquireTime: now, leaseTransitions: leaseTransitions + 1 };
      this.#see((await leases.update({ ...lease, spec })).spec);
      return true;
    } catch (error) {
      if (isReason(error, 'NotFound')) return this.#create({ ...mine, acquireTime: now, leaseTransitions: 0 });
      logger.debug({ err: error, lease: name }, 'lease was not taken');
      return false;
    }
  }

  async #create(spec: Lease['spec']): Promise<boolean> {
    const { client, name } = this.#options;
    try {
      const made = await client.resource(refs.leases).create('kube-system', { metadata: { name, namespace: 'kube-system' }, spec });
      this.#see(made.spec);
      return true;
    } catch {
      return false;
    }
  }

  async #release(): Promise<void> {
    const { client, name, identity, clock } = this.#options;
    const leases = client.resource(refs.leases);
    const now = rfc3339Micro(clock.now());
    try {
      const lease = await leases.get('kube-system', name);
      const { holderIdentity, ...rest } = lease.spec;
      const given = { ...rest, leaseDurationSeconds: 1, renewTime: now, acquireTime: now };
      if (holderIdentity === identity) await leases.update({ ...lease, spec: given });
    } catch {
      // The Lease runs out by itself.
    }
  }
}
