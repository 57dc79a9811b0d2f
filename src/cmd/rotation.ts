/** Certificates that are renewed while the process runs (client-go util/certificate, certificate_manager.go). */
import { X509Certificate } from 'node:crypto';
import type { KeyPair } from '../auth/certificates.ts';
import { Backoff } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import { type Running, running } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';

export interface RotationOptions {
  /** What is in use now. */
  readonly pair: KeyPair;
  renew(): Promise<KeyPair>;
  use(pair: KeyPair): void;
  readonly clock: Clock;
  readonly logger: Logger;
  /** In [0, 1): nodes that began together do not all ask at the same moment. */
  random(): number;
}

/** When to ask for the next one, ms since the epoch: somewhere between 70 and 90 % of the life of this one. */
export function renewAt({ cert }: KeyPair, random: number): number {
  const certificate = new X509Certificate(cert);
  const from = new Date(certificate.validFrom).getTime();
  const life = new Date(certificate.validTo).getTime() - from;
  return from + life * (0.7 + 0.2 * random);
}

/** Timers cannot wait longer than this, in ms. */
const longestMs = 2 ** 31 - 1;

export function startRotation(options: RotationOptions): Running {
  const { clock, logger } = options;
  const retry = new Backoff({ initialMs: 2000, maxMs: 10 * 60_000, factor: 2, clock });
  let stopped = false;
  let cancel: () => void = () => undefined;
  const wait = (at: number): void => {
    const left = Math.max(0, at - clock.now());
    cancel = clock.after(Math.min(left, longestMs), () => (left > longestMs ? wait(at) : void rotate()));
  };
  const rotate = async (): Promise<void> => {
    try {
      const pair = await options.renew();
      if (stopped) return;
      options.use(pair);
      retry.reset();
      logger.info({ until: new X509Certificate(pair.cert).validTo }, 'a certificate of this node was renewed');
      wait(renewAt(pair, options.random()));
    } catch (error) {
      logger.warn({ err: error }, 'a certificate of this node could not be renewed yet');
      if (!stopped) wait(clock.now() + retry.next());
    }
  };
  wait(renewAt(options.pair, options.random()));
  return running(() => {
    stopped = true;
    cancel();
  });
}
