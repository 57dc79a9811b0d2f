/**
 * Sets of fields in the very form the API writes them (FieldsV1): `{"f:spec":{"f:replicas":{}}}`. A node without keys is a member of the
 * set; with `.` it is a member and has members below; with other keys only, just those below are. Keys stand in upstream's order.
 * Nodes are never changed once made, and operations share what stays: a set of a stored object needs neither parsing nor copying.
 * Operations and their meaning: sigs.k8s.io/structured-merge-diff fieldpath/set.go.
 */
import { compareKeys, readKey } from './path-element.ts';

export interface FieldSet {
  readonly [key: string]: FieldSet;
}

/** At the root undefined is the empty set; the empty object means a member, which the root never is. */
export type MaybeSet = FieldSet | undefined;

type Node = Record<string, FieldSet>;

export const member: FieldSet = Object.freeze({});

export function isLeaf(node: FieldSet): boolean {
  for (const _key in node) return false;
  return true;
}

const isMember = (node: FieldSet): boolean => node['.'] !== undefined || isLeaf(node);

/** Collects the children of one node in any order; each key once. */
export class NodeBuilder {
  #node: Node;
  #last = '';
  #isSorted = true;
  #isEmpty = true;

  /** Is the node itself a member? */
  constructor(isItselfMember: boolean) {
    this.#node = isItselfMember ? { '.': member } : {};
  }

  add(key: string, node: FieldSet): void {
    this.#node[key] = node;
    this.#isEmpty = false;
    if (this.#isSorted && this.#last !== '' && compareKeys(this.#last, key) > 0) this.#isSorted = false;
    this.#last = key;
  }

  /** undefined: nothing was added, and the node itself is no member. */
  build(): MaybeSet {
    const node = this.#node;
    if (this.#isEmpty) return node['.'] === undefined ? undefined : member;
    if (this.#isSorted) return node;
    const keys = Object.keys(node);
    insertionSort(keys);
    const sorted: Node = {};
    for (const key of keys) sorted[key] = node[key] ?? member;
    return sorted;
  }
}

/** Few keys, mostly in order. */
function insertionSort(keys: string[]): void {
  for (let from = 1; from < keys.length; from++) {
    const key = keys[from] ?? '';
    let at = from;
    for (; at > 0 && compareKeys(keys[at - 1] ?? '', key) > 0; at--) keys[at] = keys[at - 1] ?? '';
    keys[at] = key;
  }
}

/** Everything in either. */
export function union(a: MaybeSet, b: MaybeSet): MaybeSet {
  return a === undefined ? b : b === undefined ? a : unionNodes(a, b);
}

function unionNodes(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a;
  if (isLeaf(b)) return isMember(a) ? a : { '.': member, ...a };
  if (isLeaf(a)) return b['.'] !== undefined ? b : { '.': member, ...b };
  let changed: Map<string, FieldSet> | undefined;
  let inserted: string[] | undefined;
  for (const key in b) {
    const [own, other] = [a[key], b[key] ?? member];
    const result = own === undefined ? other : key === '.' ? own : unionNodes(own, other);
    if (result === own) continue;
    (changed ??= new Map()).set(key, result);
    if (own === undefined) (inserted ??= []).push(key);
  }
  if (changed === undefined) return a;
  if (inserted === undefined) return { ...a, ...Object.fromEntries(changed) };
  return mergeOrdered(a, changed, inserted);
}

function mergeOrdered(a: FieldSet, changed: ReadonlyMap<string, FieldSet>, inserted: readonly string[]): FieldSet {
  const node: Node = {};
  let next = 0;
  for (const key in a) {
    for (; next < inserted.length && compareKeys(inserted[next] ?? '', key) < 0; next++) put(node, inserted[next], changed);
    node[key] = changed.get(key) ?? a[key] ?? member;
  }
  for (; next < inserted.length; next++) put(node, inserted[next], changed);
  return node;
}

function put(node: Node, key: string | undefined, from: ReadonlyMap<string, FieldSet>): void {
  if (key !== undefined) node[key] = from.get(key) ?? member;
}

/** Whether everything in `b` is in `a`. */
export function includes(a: MaybeSet, b: MaybeSet): boolean {
  return b === undefined || (a !== undefined && includesNode(a, b));
}

function includesNode(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true;
  if (isLeaf(b)) return isMember(a);
  for (const key in b) {
    const [own, other] = [a[key], b[key] ?? member];
    if (own === undefined || (key !== '.' && !includesNode(own, other))) return false;
  }
  return true;
}

/** What is in both. */
export function intersection(a: MaybeSet, b: MaybeSet): MaybeSet {
  if (a === undefined || b === undefined || a === b) return a === b ? a : undefined;
  let node: Node | undefined;
  for (const key in a) {
    const [own, other] = [a[key], b[key]];
    if (own === undefined || other === undefined) continue;
    const result = key === '.' ? own : intersectNodes(own, other);
    if (result !== undefined) (node ??= {})[key] = result;
  }
  return node;
}

function intersectNodes(a: FieldSet, b: FieldSet): MaybeSet {
  if (isLeaf(a)) return isMember(b) ? member : undefined;
  if (isLeaf(b)) return isMember(a) ? member : undefined;
  const both = intersection(a, b);
  return both !== undefined && both['.'] !== undefined && Object.keys(both).length === 1 ? member : both;
}

/** What is in `a` and not in `b`: a parent in `b` takes away nothing of its children. */
export function difference(a: MaybeSet, b: MaybeSet): MaybeSet {
  return a === undefined || b === undefined ? a : without(a, b, differenceNodes);
}

/** As {@link difference}, but a member of `b` takes away all that is below it too. */
export function recursiveDifference(a: MaybeSet, b: MaybeSet): MaybeSet {
  return a === undefined || b === undefined ? a : without(a, b, recursiveNodes);
}

function without(a: FieldSet, b: FieldSet, of: (a: FieldSet, b: FieldSet) => MaybeSet): MaybeSet {
  let node: Node | undefined;
  for (const key in b) {
    const own = a[key];
    if (own === undefined || key === '.') continue;
    const result = of(own, b[key] ?? member);
    if (result === own) continue;
    node ??= { ...a };
    if (result === undefined) delete node[key];
    else node[key] = result;
  }
  if (node === undefined) return a;
  return isLeaf(node) ? undefined : compact(node);
}

/** A copy after deletions: objects that lost keys are slow to read and large. */
const compact = (node: Node): FieldSet => ({ ...node });

function differenceNodes(a: FieldSet, b: FieldSet): MaybeSet {
  if (a === b && isLeaf(a)) return undefined;
  if (isLeaf(a)) return isMember(b) ? undefined : a;
  return belowOf(a, without(a, b, differenceNodes), a['.'] !== undefined && !isMember(b));
}

function recursiveNodes(a: FieldSet, b: FieldSet): MaybeSet {
  if (isMember(b)) return undefined;
  return isLeaf(a) ? a : belowOf(a, without(a, b, recursiveNodes), a['.'] !== undefined);
}

/** The node `a` with what is left below it, itself a member or not. */
function belowOf(a: FieldSet, below: MaybeSet, stays: boolean): MaybeSet {
  const was = a['.'] !== undefined;
  if (below === a && stays === was) return a;
  const { '.': _mark, ...rest } = below ?? {};
  if (isLeaf(rest)) return stays ? member : undefined;
  return stays ? { '.': member, ...rest } : rest;
}

export function has(set: MaybeSet, path: readonly string[]): boolean {
  const node = below(set, path);
  return node !== undefined && path.length > 0 && isMember(node);
}

/** The node at a path. */
export function below(set: MaybeSet, path: readonly string[]): MaybeSet {
  let node = set;
  for (const key of path) node = node?.[key];
  return node;
}

/** The set of one path. */
export function setOfPath(path: readonly string[]): FieldSet {
  return path.reduceRight<FieldSet>((node, key) => ({ [key]: node }), member);
}

export function setOfPaths(paths: readonly (readonly string[])[]): MaybeSet {
  return paths.reduce<MaybeSet>((set, path) => union(set, setOfPath(path)), undefined);
}

/** Calls with the path of every member: those of a node before those below it. */
export function eachPath(set: MaybeSet, call: (path: readonly string[]) => void, prefix: readonly string[] = []): void {
  if (set === undefined) return;
  const keys = Object.keys(set).filter((key) => key !== '.');
  for (const key of keys) if (isMember(set[key] ?? member)) call([...prefix, key]);
  for (const key of keys) {
    const node = set[key] ?? member;
    if (!isLeaf(node)) eachPath(node, call, [...prefix, key]);
  }
}

/** A set as a client sent it, in canonical form; throws an Error for what upstream cannot read either. */
export function readFieldSet(value: unknown): MaybeSet {
  if (value === undefined || value === null) return undefined;
  const node = readNode(value);
  return isLeaf(node) ? undefined : node;
}

function readNode(value: unknown): FieldSet {
  if (value === null) return member;
  if (typeof value !== 'object' || Array.isArray(value)) throw new Error('expect { or n');
  const builder = new NodeBuilder('.' in value);
  const seen = new Set<string>();
  for (const [text, inner] of Object.entries(value) as [string, unknown][]) {
    const key = text === '.' ? undefined : readKey(text);
    if (key === undefined || seen.has(key)) continue;
    seen.add(key);
    builder.add(key, readNode(inner));
  }
  return builder.build() ?? member;
}
