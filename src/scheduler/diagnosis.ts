/** Why no node would do: scheduler framework/types.go Diagnosis and FitError. */
import type { Rejection } from './framework.ts';
import type { NodeInfo } from './node-info.ts';

/** What one plugin said of one node. */
export interface Refusal {
  readonly plugin: string;
  readonly rejection: Rejection;
}

export interface Diagnosis {
  readonly nodes: readonly NodeInfo[];
  /** By node; nodes that are missing were ruled out as {@link absent} says. */
  readonly refusals: ReadonlyMap<NodeInfo, Refusal>;
  readonly absent: Rejection;
  /** Set when every node is out for one reason, found before looking at any. */
  readonly preFilter: string | undefined;
  /** Plugins that ruled out a node or all. */
  readonly plugins: ReadonlySet<string>;
}

export const noReason: Rejection = { reasons: [], unresolvable: true };

/** What is known against a node. */
export function rejectionOf({ refusals, absent }: Diagnosis, node: NodeInfo): Rejection {
  return refusals.get(node)?.rejection ?? absent;
}

/** Nodes where taking pods away might help. */
export function resolvable(diagnosis: Diagnosis): NodeInfo[] {
  return diagnosis.nodes.filter((node) => !rejectionOf(diagnosis, node).unresolvable);
}

/** `1 Insufficient cpu, 2 node(s) were unschedulable`, sorted as text. */
export function countReasons(rejections: Iterable<Rejection>): string {
  const counts = new Map<string, number>();
  for (const { reasons } of rejections) for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .map(([reason, count]) => `${String(count)} ${reason}`)
    .sort(byBytes)
    .join(', ');
}

function byBytes(a: string, b: string): number {
  return a < b ? -1 : 1;
}

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable. ...`, the text of condition and event. */
export function describe(diagnosis: Diagnosis, postFilter: string): string {
  const { nodes, preFilter } = diagnosis;
  const why = preFilter ?? countReasons(nodes.map((node) => rejectionOf(diagnosis, node)));
  const none = `0/${String(nodes.length)} nodes are available:`;
  return `${none}${why === '' ? '' : ` ${why}.`}${postFilter === '' ? '' : ` ${postFilter}`}`;
}
