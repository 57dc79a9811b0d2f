/** Every plugin with the weight of its score, in the order they run (scheduler apis/config/v1/default_plugins.go). */
import type { Weighted } from '../framework.ts';
import { balancedAllocation } from './balanced-allocation/index.ts';
import { imageLocality } from './image-locality/index.ts';
import { interPodAffinity } from './inter-pod-affinity/index.ts';
import { nodeAffinity } from './node-affinity/index.ts';
import { nodeName } from './node-name/index.ts';
import { nodePorts } from './node-ports/index.ts';
import { nodeResourcesFit } from './node-resources-fit/index.ts';
import { nodeUnschedulable } from './node-unschedulable/index.ts';
import { prioritySort } from './priority-sort/index.ts';
import { schedulingGates } from './scheduling-gates/index.ts';
import { taintToleration } from './taint-toleration/index.ts';
import { topologySpread } from './topology-spread/index.ts';

export const plugins: readonly Weighted[] = [
  { plugin: schedulingGates, weight: 0 },
  { plugin: prioritySort, weight: 0 },
  { plugin: nodeUnschedulable, weight: 0 },
  { plugin: nodeName, weight: 0 },
  { plugin: taintToleration, weight: 3 },
  { plugin: nodeAffinity, weight: 2 },
  { plugin: nodePorts, weight: 0 },
  { plugin: nodeResourcesFit, weight: 1 },
  { plugin: topologySpread, weight: 2 },
  { plugin: interPodAffinity, weight: 2 },
  { plugin: balancedAllocation, weight: 1 },
  { plugin: imageLocality, weight: 1 },
];
