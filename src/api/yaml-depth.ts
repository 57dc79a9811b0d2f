/** Keeps nonsense from the YAML library, which takes half a minute for a megabyte of brackets and holds everybody up meanwhile. */

/** Far more than any object has; the library's own recursion ends somewhere above. */
const deepest = 500;

const brackets = /[[{\]}]/g;

/** What may stand between a bracket and the next one inside it: elements, an anchor, a key. Prose has more words. */
const key = /^(?:[^\s",&*!]*[,&*!]\s*)*\s*(?:"[^"]*"|'[^']*'|\S*)\s*:?\s*$/;
const longestKey = 64;

/** Throws an Error in the words of Go's parser when flow collections are opened inside each other again and again. */
export function checkYamlDepth(text: string): void {
  if (text.length <= deepest) return;
  let depth = 0;
  let last = 0;
  for (const { 0: bracket, index } of text.matchAll(brackets)) {
    const closes = bracket === ']' || bracket === '}';
    if (closes) depth = Math.max(0, depth - 1);
    else depth = index - last <= longestKey && key.test(text.slice(last + 1, index)) ? depth + 1 : 1;
    last = index;
    if (depth > deepest) throw new Error('exceeded max depth of 10000');
  }
}
