/** How much work a request is (apiserver pkg/util/flowcontrol/request). */
import type { RequestInfo } from '../request-info.ts';

/** Seats while it is served, and seats afterwards, while what it changed is handed to watchers. */
export interface Work {
  readonly seats: number;
  readonly finalSeats: number;
  readonly additionalSeconds: number;
}

/** What the estimate asks about the store. */
export interface WorkFacts {
  /** How many objects there are of a resource, and how many bytes one has on average; undefined: no such resource. */
  stored(info: RequestInfo): { readonly objects: number; readonly averageBytes: number } | undefined;
  /** How many watches would see a change of this. */
  watches(info: RequestInfo): number;
}

const oneSeat: Work = Object.freeze({ seats: 1, finalSeats: 0, additionalSeconds: 0 });

const bytesPerSeat = 100_000;
/** A list out of the cache is written piece by piece. */
const streamedBytes = 1_000_000;
const watchesPerSeat = 10;
const secondsPerEvent = 0.005;
const mostListSeats = 100;
const mostWriteSeats = 10;

/** `maxSeats`: what its priority level allows one request. */
export function estimateWork(
  info: RequestInfo,
  query: () => URLSearchParams,
  { facts, maxSeats }: { readonly facts: WorkFacts; readonly maxSeats: number },
): Work {
  switch (info.verb) {
    case 'list':
    case 'watch':
      return listWork(info, query, { facts, maxSeats: Math.min(maxSeats, mostListSeats) });
    case 'create':
    case 'update':
    case 'patch':
    case 'delete':
      return writeWork(info, facts, Math.min(maxSeats, mostWriteSeats));
    default:
      return oneSeat;
  }
}

/**
 * By the bytes that are held at once. Every list here is served from the cache, piece by piece, as upstream does for most; a watch
 * costs as much as the list it begins with.
 */
function listWork(info: RequestInfo, query: () => URLSearchParams, limits: { facts: WorkFacts; maxSeats: number }): Work {
  const stored = limits.facts.stored(info);
  if (stored === undefined || info.name !== '' || stored.objects * stored.averageBytes <= bytesPerSeat) return oneSeat;
  const options = query();
  if (info.verb === 'watch' && !beginsWithList(options)) return oneSeat;
  const limit = Number(options.get('limit') ?? 0);
  const objects = limit > 0 ? Math.min(limit, stored.objects) : stored.objects;
  const bytes = Math.min(objects * stored.averageBytes, streamedBytes);
  const seats = Math.max(1, Math.min(Math.ceil(bytes / bytesPerSeat), limits.maxSeats));
  return seats === 1 ? oneSeat : { seats, finalSeats: 0, additionalSeconds: 0 };
}

function beginsWithList(options: URLSearchParams): boolean {
  const asked = options.get('sendInitialEvents');
  if (asked !== null && asked !== 'false' && asked !== '0') return true;
  const version = options.get('resourceVersion');
  return version === null || version === '' || version === '0';
}

/** Each watch of what is written is a tenth of a seat for the time of one event; the product may be made narrower and longer. */
function writeWork(info: RequestInfo, facts: WorkFacts, maxSeats: number): Work {
  if (info.resource === 'serviceaccounts' && info.subresource === 'token') return oneSeat;
  const watches = facts.watches(info);
  if (watches < watchesPerSeat) return oneSeat;
  const wanted = Math.ceil(watches / watchesPerSeat);
  const finalSeats = Math.min(wanted, maxSeats);
  return { seats: 1, finalSeats, additionalSeconds: (wanted * secondsPerEvent) / finalSeats };
}
