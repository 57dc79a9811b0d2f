/** Which queues a flow may use (apiserver pkg/util/shufflesharding): different flows share few of them. */
import { createHash } from 'node:crypto';

/** More than this many bits of the hash would have to be used: the hand could not be dealt evenly. */
const maxHashBits = 60;

/** Why no hand of this size can be dealt from so many queues; undefined: it can. */
export function dealFault(deckSize: number, handSize: number): string | undefined {
  if (deckSize <= 0 || handSize <= 0) return `deckSize ${String(deckSize)} or handSize ${String(handSize)} is not positive`;
  if (handSize > deckSize) return `handSize ${String(handSize)} is greater than deckSize ${String(deckSize)}`;
  if (Math.ceil(Math.log2(deckSize) * handSize) > maxHashBits) {
    return `required entropy bits of deckSize ${String(deckSize)} and handSize ${String(handSize)} is greater than ${String(maxHashBits)}`;
  }
  return undefined;
}

/** `handSize` different numbers below `deckSize`; the same hash deals the same hand. */
export function dealHand(hash: bigint, deckSize: number, handSize: number): number[] {
  let rest = hash;
  const remainders: number[] = [];
  for (let at = 0; at < handSize; at++) {
    const left = BigInt(deckSize - at);
    remainders.push(Number(rest % left));
    rest /= left;
  }
  return remainders.map((remainder, at) => {
    let card = remainder;
    for (let before = at; before > 0; before--) if (card >= (remainders[before - 1] as number)) card++;
    return card;
  });
}

/** A flow is what one flow schema cannot tell apart. */
export function hashFlow(schemaName: string, distinguisher: string): bigint {
  return createHash('sha256').update(schemaName).update('\u0000').update(distinguisher).digest().readBigUInt64LE();
}
