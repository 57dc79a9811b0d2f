/** The Huffman code of HTTP/2 header texts (RFC 7541, appendix B). It is canonical: the lengths of the codes say everything. */

/** How many bits the code of each octet has. */
const lengths: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10,
  12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7,
  7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22,
  23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22,
  23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20,
  24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
];

/** Two numbers a node: where 0 and 1 lead. A leaf is the complement of its octet; 0: nowhere (the end mark's code, which nobody may send). */
const tree = treeOf(lengths);

function treeOf(bits: readonly number[]): Int16Array {
  const nodes = new Int16Array(1024);
  const order = bits.map((_, octet) => octet).sort((a, b) => (bits[a] ?? 0) - (bits[b] ?? 0) || a - b);
  let used = 1;
  let code = 0;
  let length = 0;
  for (const octet of order) {
    const width = bits[octet] ?? 0;
    code <<= width - length;
    length = width;
    let node = 0;
    for (let bit = width - 1; bit > 0; bit--) {
      const at = node * 2 + ((code >>> bit) & 1);
      if (nodes[at] === 0) nodes[at] = used++;
      node = nodes[at] ?? 0;
    }
    nodes[node * 2 + (code & 1)] = ~octet;
    code++;
  }
  return nodes;
}

/** Each octet as a character. Undefined: no such code, or more padding than is allowed, or padding that is not ones. */
export function huffmanText(bytes: Buffer, from: number, to: number): string | undefined {
  let text = '';
  let node = 0;
  let pending = 0;
  let ones = true;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    for (let bit = 7; bit >= 0; bit--) {
      const one = (byte >>> bit) & 1;
      const next = tree[node * 2 + one] ?? 0;
      if (next < 0) {
        text += String.fromCharCode(~next);
        node = pending = 0;
        ones = true;
        continue;
      }
      if (next === 0) return undefined;
      node = next;
      pending++;
      if (one === 0) ones = false;
    }
  }
  return pending < 8 && ones ? text : undefined;
}
