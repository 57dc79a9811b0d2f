/** Bytes that come in pieces. */

/** A piece costs more than it holds when it is smaller than this. */
const tinyBytes = 256;
const mostTiny = 256;

/** Tiny pieces are joined as they come, so that bytes sent one by one take no more memory than others. */
export class Pieces {
  readonly #list: Buffer[] = [];
  #tiny = 0;

  add(piece: Buffer): void {
    this.#list.push(piece);
    if (piece.length >= tinyBytes || ++this.#tiny < mostTiny) return;
    this.#tiny = 0;
    this.#list.push(Buffer.concat(this.#list.splice(-mostTiny)));
  }

  /** How many they are by now. */
  get count(): number {
    return this.#list.length;
  }

  joined(): Buffer {
    return this.#list.length === 1 ? (this.#list[0] as Buffer) : Buffer.concat(this.#list);
  }

  /** All of them; none are left. */
  take(): Buffer[] {
    return this.#list.splice(0);
  }
}
