/**
 * The queues of one priority level and which of their requests is next (apiserver pkg/util/flowcontrol/fairqueuing/queueset): fair
 * queuing by virtual time. Upstream walks over all queues for the rate of virtual time; here the two sums it needs are kept.
 */
import type { Work } from './work.ts';

/** What a request is thought to take until it is known how long it took. Upstream's guess, seconds. */
const estimatedService = 0.003;

export interface QueueSetConfig {
  /** 'exempt': everything starts at once. 0: refused when there is no seat. */
  readonly queues: number | 'exempt';
  readonly queueLengthLimit: number;
}

/** Told of each change; what it does must be cheap. Times are seconds of a clock that never jumps back. */
export interface QueueSetObserver {
  /** Seats in use and seats wanted by those that wait. */
  demand(seats: number, now: number): void;
}

/** A request inside a queue set. */
export class Ticket {
  readonly work: Work;
  readonly seats: number;
  /** The seat-seconds it will take, as far as is known. */
  readonly cost: number;
  state: 'waiting' | 'executing' | 'over' = 'waiting';
  queue: Queue | undefined;
  /** Virtual time of the set when it came. */
  arrival = 0;
  /** When it came and when it began, in seconds. */
  arrived = 0;
  started = 0;
  constructor(work: Work) {
    this.work = work;
    this.seats = Math.max(work.seats, work.finalSeats);
    this.cost = work.seats * estimatedService + work.finalSeats * work.additionalSeconds;
  }
}

class Queue {
  /** Its place in the set, and on every hand. */
  readonly index: number;
  readonly waiting: Ticket[] = [];
  seatsInUse = 0;
  executing = 0;
  /** Sum of the costs of those that wait. */
  workWaiting = 0;
  /** Virtual time at which its next request starts. */
  nextStart = 0;

  constructor(index: number) {
    this.index = index;
  }

  get active(): boolean {
    return this.executing > 0 || this.waiting.length > 0;
  }
}

export type Refusal = 'concurrency-limit' | 'queue-full';

export class QueueSet {
  #config: QueueSetConfig;
  #limit: number;
  /** Longer than asked for while queues that are too many run empty. */
  #queues: Queue[] = [];
  #robin = 0;
  #enqueued = 0;
  #activeQueues = 0;
  /** Where the one request waits, when it is the only one: nobody has to look for it then. */
  #only: Queue | undefined;
  /** Seat-seconds each active queue has been given since the start. */
  #virtual = 0;
  #synced: number;
  readonly #observer: QueueSetObserver;
  waiting = 0;
  executing = 0;
  seatsInUse = 0;
  seatsWaiting = 0;

  constructor(config: QueueSetConfig, options: { readonly limit: number; readonly now: number; readonly observer: QueueSetObserver }) {
    this.#config = config;
    this.#limit = options.limit;
    this.#synced = options.now;
    this.#observer = options.observer;
    this.#grow();
  }

  get idle(): boolean {
    return this.waiting === 0 && this.executing === 0;
  }

  get limit(): number {
    return this.#limit;
  }

  /** The virtual clock; a metric. */
  get virtualTime(): number {
    return this.#virtual;
  }

  /** May let requests start: call {@link dispatch} afterwards. */
  configure(config: QueueSetConfig, limit: number, now: number): void {
    this.#sync(now);
    this.#config = config;
    this.#limit = limit;
    this.#grow();
    this.#shrink();
  }

  /** Takes a request in, waiting; the caller dispatches. `hand`: the queues it may use. `held`: nothing may start just now. */
  enqueue(ticket: Ticket, hand: readonly number[], options: { readonly now: number; readonly held: boolean }): Refusal | undefined {
    const { now, held } = options;
    this.#sync(now);
    ticket.arrived = now;
    ticket.arrival = this.#virtual;
    if (this.#config.queues === 'exempt') return this.#startWithoutQueue(ticket, now);
    if (this.#config.queues === 0) {
      if (!this.#fits(ticket.seats)) return 'concurrency-limit';
      return this.#startWithoutQueue(ticket, now);
    }
    const queue = this.#choose(hand);
    if ((held || this.seatsInUse >= this.#limit) && queue.waiting.length >= this.#config.queueLengthLimit) return 'queue-full';
    if (!queue.active) {
      queue.nextStart = this.#virtual;
      this.#activeQueues++;
    }
    ticket.queue = queue;
    queue.waiting.push(ticket);
    queue.workWaiting += ticket.cost;
    this.waiting++;
    this.#only = this.waiting === 1 ? queue : undefined;
    this.seatsWaiting += ticket.seats;
    this.#bound(queue);
    this.#observer.demand(this.seatsInUse + this.seatsWaiting, now);
    return undefined;
  }

  /** Starts the request that is next in turn; undefined when none waits or it finds no room. */
  dispatch(now: number): Ticket | undefined {
    if (this.waiting === 0 || this.seatsInUse >= this.#limit) return undefined;
    this.#sync(now);
    const queue = this.#only ?? this.#next();
    const ticket = queue.waiting[0] as Ticket;
    if (!this.#fits(ticket.seats)) return undefined;
    queue.waiting.shift();
    this.#robin = queue.index;
    this.#only = undefined;
    this.#left(queue, ticket);
    queue.nextStart += ticket.cost;
    queue.executing++;
    queue.seatsInUse += ticket.seats;
    this.#bound(queue);
    this.#begin(ticket, now);
    return ticket;
  }

  /** Takes out one that has waited too long. False: it does not wait (any more). */
  cancel(ticket: Ticket, now: number): boolean {
    const { queue } = ticket;
    if (ticket.state !== 'waiting' || queue === undefined) return false;
    this.#sync(now);
    const at = queue.waiting.indexOf(ticket);
    if (at < 0) return false;
    queue.waiting.splice(at, 1);
    this.#only = undefined;
    ticket.state = 'over';
    this.#left(queue, ticket);
    if (!queue.active) this.#activeQueues--;
    this.#bound(queue);
    this.#observer.demand(this.seatsInUse + this.seatsWaiting, now);
    return true;
  }

  /**
   * The answer has been written; the caller dispatches. Upstream holds the seats a little longer while watchers are told in
   * parallel: here they have been told by now.
   */
  finish(ticket: Ticket, now: number): void {
    if (ticket.state !== 'executing') return;
    this.#sync(now);
    ticket.state = 'over';
    this.executing--;
    this.seatsInUse -= ticket.seats;
    const { queue } = ticket;
    if (queue !== undefined) {
      queue.executing--;
      queue.seatsInUse -= ticket.seats;
      queue.nextStart -= ticket.work.seats * (estimatedService - (now - ticket.started));
      if (!queue.active) this.#activeQueues--;
      this.#bound(queue);
      this.#shrink();
    }
    this.#observer.demand(this.seatsInUse + this.seatsWaiting, now);
  }

  #startWithoutQueue(ticket: Ticket, now: number): undefined {
    this.#begin(ticket, now);
    this.#observer.demand(this.seatsInUse + this.seatsWaiting, now);
  }

  #begin(ticket: Ticket, now: number): void {
    ticket.state = 'executing';
    ticket.started = now;
    this.executing++;
    this.seatsInUse += ticket.seats;
  }

  #left(queue: Queue, ticket: Ticket): void {
    queue.workWaiting = queue.waiting.length === 0 ? 0 : queue.workWaiting - ticket.cost;
    this.waiting--;
    this.seatsWaiting -= ticket.seats;
  }

  /** One wider than the whole level starts when it is alone. */
  #fits(seats: number): boolean {
    return seats > this.#limit ? this.executing === 0 : this.seatsInUse + seats <= this.#limit;
  }

  /** The queue of the hand with the least work waiting; where the search begins moves on, against a bias to shared cards. */
  #choose(hand: readonly number[]): Queue {
    const offset = this.#enqueued++;
    let best = this.#queues[hand[0] ?? 0] as Queue;
    let least = Infinity;
    for (let at = 0; at < hand.length; at++) {
      const queue = this.#queues[hand[(offset + at) % hand.length] as number] as Queue;
      if (queue.workWaiting >= least) continue;
      least = queue.workWaiting;
      best = queue;
    }
    return best;
  }

  /** The queue whose oldest request would be done first; of equal ones the next in turn. */
  #next(): Queue {
    let first = Infinity;
    let found: Queue | undefined;
    const count = this.#queues.length;
    for (let step = 1; step <= count; step++) {
      const at = (this.#robin + step) % count;
      const queue = this.#queues[at] as Queue;
      const oldest = queue.waiting[0];
      if (oldest === undefined) continue;
      const finish = queue.nextStart + oldest.cost;
      if (finish >= first) continue;
      first = finish;
      found = queue;
    }
    return found as Queue;
  }

  /** A queue that used less than its share does not save it up. */
  #bound(queue: Queue): void {
    const oldest = queue.waiting[0];
    if (oldest !== undefined && queue.nextStart < oldest.arrival) queue.nextStart = oldest.arrival;
  }

  /**
   * Virtual time goes on by what each active queue has been given. Upstream reckons with all the seats that may be used; it is the
   * same there, because it uses them, but not where processor time runs out before the seats do: the queues of a crowd would
   * then seem to be behind, and everything be served in the order it came.
   */
  #sync(now: number): void {
    if (this.#activeQueues > 0) this.#virtual += (this.seatsInUse / this.#activeQueues) * (now - this.#synced);
    this.#synced = now;
  }

  #grow(): void {
    const { queues } = this.#config;
    if (queues === 'exempt') return;
    while (this.#queues.length < queues) this.#queues.push(new Queue(this.#queues.length));
  }

  /** Queues beyond the number that is wanted go when they are empty. */
  #shrink(): void {
    const wanted = this.#config.queues === 'exempt' ? 0 : this.#config.queues;
    if (this.#queues.length <= wanted) return;
    this.#queues = this.#queues.filter((queue, at) => at < wanted || queue.active || queue.seatsInUse > 0);
    this.#robin = Math.min(this.#robin, Math.max(0, this.#queues.length - 1));
  }
}
