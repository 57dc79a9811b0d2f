/** Deletes certificate requests that are done with: pkg/controller/certificates/cleaner. */
import { X509Certificate } from 'node:crypto';
import type { CertificateSigningRequest } from '../../api/generated/types.ts';
import { isReason } from '../../api/errors.ts';
import type { Running } from '../../base/lifecycle.ts';
import type { ReconcileResult } from '../../client/reconcile.ts';
import { startReconciler } from '../../client/reconcile.ts';
import type { Controller, ControllerContext } from '../shared/controller.ts';
import { refs } from '../../client/refs.ts';

export const certificatesCleaner: Controller = {
  name: 'certificatesigningrequest-cleaner-controller',
  watches: ['certificatesigningrequests'],
  start,
};

const hourMs = 3_600_000;
/** What was decided stays for an hour, what nobody looked at (or signed) for a day. */
const decidedMs = hourMs;
const openMs = 24 * hourMs;

/** When a request is to go, in ms since the epoch; undefined: not yet known. */
export function goesAt({ metadata, status }: CertificateSigningRequest): number | undefined {
  const { conditions = [], certificate = '' } = status;
  const after = (time: string | undefined, ms: number): number[] => (time === undefined ? [] : [Date.parse(time) + ms]);
  const isIssued = certificate !== '';
  const times = conditions.flatMap(({ type, lastUpdateTime }) => {
    if (type === 'Denied' || type === 'Failed') return after(lastUpdateTime, decidedMs);
    if (type !== 'Approved') return [];
    return [...after(lastUpdateTime, isIssued ? decidedMs : openMs), ...(isIssued ? endOf(certificate) : [])];
  });
  if (conditions.length === 0) times.push(...after(metadata.creationTimestamp, openMs));
  return times.length === 0 ? undefined : Math.min(...times);
}

/** `certificate` is base64 of PEM text. */
function endOf(certificate: string): number[] {
  try {
    return [Date.parse(new X509Certificate(Buffer.from(certificate, 'base64')).validTo)];
  } catch {
    return [];
  }
}

/** Looks at a request when its time comes, and not at all of them every hour. */
function start({ client, informers, clock, logger, queues }: ControllerContext): Running {
  const informer = informers.of(refs.certificateSigningRequests);
  const loop = startReconciler({ name: certificatesCleaner.name, clock, logger, queues, ready: informer.synced, reconcile });
  loop.watch(informer, (request) => [request.metadata.name]);

  async function reconcile(name: string): Promise<ReconcileResult | undefined> {
    const request = informer.store.get(name);
    const at = request && goesAt(request);
    if (at === undefined) return undefined;
    // Upstream asks whether more time has passed.
    const wait = at + 1 - clock.now();
    if (wait > 0) return { requeueAfter: wait };
    await client
      .resource(refs.certificateSigningRequests)
      .delete('', name)
      .catch((error: unknown) => {
        if (!isReason(error, 'NotFound')) throw error;
      });
    return undefined;
  }
  return loop;
}
