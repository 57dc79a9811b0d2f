/**
 * Finished answers over UDP by the bytes of the question: what pods ask, they ask again and again. An entry is good for as long as
 * the cluster is the one it was made from, so nothing is ever answered late.
 */
import type { Query, Reply } from './wire.ts';
import { rotated, udpLimit, writeReply } from './wire.ts';

/** Random names must not fill the memory: 256 bytes or so each. */
const maxEntries = 8192;
/** Answers of several records come in as many orders as there are records, up to this. */
const maxOrders = 16;

interface Entry {
  readonly generation: number;
  readonly query: Query;
  readonly reply: Reply;
  /** Made when first needed. */
  readonly orders: (Buffer | undefined)[];
  turn: number;
}

export class ReplyCache {
  readonly #generation: () => number;
  readonly #entries = new Map<string, Entry>();

  /** `generation` answers another number whenever answers may be others. */
  constructor(generation: () => number) {
    this.#generation = generation;
  }

  /** A fresh copy of the answer to this message, in the turn of its order; undefined when there is none. */
  find(message: Buffer): { readonly bytes: Buffer; readonly reply: Reply; readonly query: Query } | undefined {
    const entry = this.#entries.get(keyOf(message));
    if (entry === undefined || entry.generation !== this.#generation()) return undefined;
    const at = entry.turn++ % entry.orders.length;
    const template = (entry.orders[at] ??= writeReply(entry.query, rotated(entry.reply, at), udpLimit(entry.query)));
    const bytes = Buffer.allocUnsafe(template.length);
    template.copy(bytes);
    bytes[0] = message[0] ?? 0;
    bytes[1] = message[1] ?? 0;
    return { bytes, reply: entry.reply, query: entry.query };
  }

  /** `reply` was made just now, from what the cluster is now. Only what the cluster itself knows is kept. */
  keep(query: Query, reply: Reply): void {
    if (!reply.authoritative) return;
    if (this.#entries.size >= maxEntries) this.#entries.clear();
    const orders = reply.rotates === true ? Math.min(maxOrders, Math.max(1, reply.answers.length)) : 1;
    this.#entries.set(keyOf(query.bytes), {
      generation: this.#generation(),
      // The message's memory may be used again.
      query: { ...query, bytes: Buffer.from(query.bytes) },
      reply,
      orders: new Array<Buffer | undefined>(orders).fill(undefined),
      turn: 1,
    });
  }
}

/** Everything but the id: flags, the question as it is written, EDNS. */
function keyOf(message: Buffer): string {
  return message.toString('latin1', 2);
}
