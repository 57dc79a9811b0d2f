import type { Node, Pod } from '../../../api/generated/types.ts';
import type { ClusterEvent } from '../../cluster-events.ts';
import { actions } from '../../cluster-events.ts';
import type { Plugin, Rejection } from '../../framework.ts';
import { NodeInfo } from '../../node-info.ts';
import type { PodInfo } from '../../pod-info.ts';
import type { Resources } from '../../resources.ts';
import { amountOf, isExtended, podRequests, resizedRequests, toResources } from '../../resources.ts';
import type { ScoringStrategy } from './scoring.ts';
import { strategyScorer } from './scoring.ts';

export interface NodeResourcesFitArgs {
  /** Extended resources that are not checked. */
  readonly ignoredResources: readonly string[];
  /** The same for all of a domain. */
  readonly ignoredResourceGroups: readonly string[];
  readonly scoringStrategy: ScoringStrategy;
}

/** A resource that a node has too little of. */
export interface Shortage {
  readonly resource: string;
  readonly requested: number;
  readonly used: number;
  readonly capacity: number;
}

/** The pod's requests must fit beside those of the pods there; how full a node is says how well it scores. */
export function nodeResourcesFit(args: NodeResourcesFitArgs): Plugin {
  const groups = new Set(args.ignoredResourceGroups);
  const ignored = (name: string): boolean =>
    isExtended(name) && (args.ignoredResources.includes(name) || groups.has(name.split('/', 1)[0] ?? ''));
  return {
    name: 'NodeResourcesFit',
    events: [
      { resource: 'Pod', actions: actions.delete | actions.podScaleDown, helps: podHelps },
      { resource: 'Node', actions: actions.add | actions.nodeAllocatable, helps: nodeHelps },
    ],
    localFilter({ requests }) {
      return (node) => rejectionOf(shortages(requests, node, ignored));
    },
    localScore({ scoring }) {
      return { score: strategyScorer(args.scoringStrategy, scoring) };
    },
  };
}

const nothingIgnored = (): boolean => false;

/** What the node lacks, the number of pods first. */
export function shortages(requests: Resources, node: NodeInfo, ignored: (name: string) => boolean = nothingIgnored): Shortage[] {
  const found: Shortage[] = [];
  const check = (resource: string, requested: number, used: number, capacity: number): void => {
    if (requested > 0 && requested > capacity - used) found.push({ resource, requested, used, capacity });
  };
  const { allocatable, requested: used } = node;
  check('pods', 1, node.podCount, node.allowedPods);
  check('cpu', requests.cpu, used.cpu, allocatable.cpu);
  check('memory', requests.memory, used.memory, allocatable.memory);
  check('ephemeral-storage', requests.storage, used.storage, allocatable.storage);
  for (const [name, amount] of requests.scalars)
    if (!ignored(name)) check(name, amount, used.scalars.get(name) ?? 0, allocatable.scalars.get(name) ?? 0);
  return found;
}

function rejectionOf(found: readonly Shortage[]): Rejection | undefined {
  if (found.length === 0) return undefined;
  return {
    reasons: found.map(({ resource }) => (resource === 'pods' ? 'Too many pods' : `Insufficient ${resource}`)),
    unresolvable: found.some(({ resource, requested, capacity }) => resource !== 'pods' && requested > capacity),
  };
}

/** A pod that leaves makes room; one that shrinks does when it is this one or gives back what this one lacks. */
function podHelps(pod: PodInfo, event: ClusterEvent): boolean {
  const old = event.old as Pod;
  const changed = event.object as Pod | undefined;
  if (changed === undefined) return (old.spec.nodeName ?? '') !== '' || (old.status.nominatedNodeName ?? '') !== '';
  if (changed.metadata.uid === pod.uid) return true;
  if ((changed.spec.nodeName ?? '') === '') return false;
  const before = toResources(podRequests(old, resizedRequests(old)));
  const after = toResources(podRequests(changed, resizedRequests(changed)));
  return namesOf(pod.class.requests).some((name) => amountOf(before, name) > amountOf(after, name));
}

/** The node, empty, would have to take the pod, and have more now of what it asks for. */
function nodeHelps(pod: PodInfo, event: ClusterEvent): boolean {
  const { requests } = pod.class;
  const now = emptyNode(event.object as Node);
  if (shortages(requests, now).length > 0) return false;
  if (event.old === undefined) return true;
  const before = emptyNode(event.old as Node);
  if (now.allowedPods > before.allowedPods) return true;
  return namesOf(requests).some((name) => amountOf(now.allocatable, name) > amountOf(before.allocatable, name));
}

function emptyNode(node: Node): NodeInfo {
  const info = new NodeInfo(node.metadata.name, 0);
  info.setNode(node);
  return info;
}

/** Names of resources that are asked for. */
function namesOf(requests: Resources): string[] {
  return ['cpu', 'memory', 'ephemeral-storage', ...requests.scalars.keys()].filter((name) => amountOf(requests, name) > 0);
}
