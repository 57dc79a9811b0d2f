/** Which warnings fit into an answer (apiserver pkg/endpoints/filters/warning.go). */

/** In characters, of all texts together. */
const totalLimit = 4096;
/** Of each, once they do not fit. */
const itemLimit = 256;

/** All of them as they are, or as many as fit when each is cut short. */
export function fittingWarnings(texts: readonly string[]): readonly string[] {
  // No text has more characters than it is long.
  if (texts.reduce((sum, text) => sum + text.length, 0) <= totalLimit) return texts;
  const all = texts.map((text) => [...text]);
  if (all.reduce((sum, text) => sum + text.length, 0) <= totalLimit) return texts;
  const fitting: string[] = [];
  let written = 0;
  for (const text of all) {
    if (written >= totalLimit) break;
    const short = text.slice(0, itemLimit);
    written += short.length;
    fitting.push(short.join(''));
  }
  return fitting;
}
