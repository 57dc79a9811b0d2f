/** Every plugin by name, made from its arguments (scheduler framework/plugins/registry.go). */
import type { Plugin } from '../framework.ts';
import type { PluginArgs } from '../config/args.ts';
import { balancedAllocation } from './balanced-allocation/index.ts';
import { imageLocality } from './image-locality/index.ts';
import { interPodAffinity } from './inter-pod-affinity/index.ts';
import { nodeAffinity } from './node-affinity/index.ts';
import { nodeName } from './node-name/index.ts';
import { nodePorts } from './node-ports/index.ts';
import { nodeResourcesFit } from './node-resources-fit/index.ts';
import { nodeUnschedulable } from './node-unschedulable/index.ts';
import { nodeVolumeLimits } from './node-volume-limits/index.ts';
import { prioritySort } from './priority-sort/index.ts';
import { schedulingGates } from './scheduling-gates/index.ts';
import { taintToleration } from './taint-toleration/index.ts';
import { topologySpread } from './topology-spread/index.ts';
import { volumeBinding } from './volume-binding/index.ts';
import { volumeRestrictions } from './volume-restrictions/index.ts';
import { volumeZone } from './volume-zone/index.ts';

/** Plugins whose work the scheduler itself does: they can be named, and some switched off. */
export const builtIn = ['DefaultPreemption', 'DefaultBinder', 'DynamicResources', 'NodeDeclaredFeatures'] as const;

/** In the order they run by default. */
export function makePlugins(args: PluginArgs): readonly Plugin[] {
  return [
    schedulingGates,
    prioritySort,
    nodeUnschedulable,
    nodeName,
    taintToleration,
    nodeAffinity(args.NodeAffinity),
    nodePorts,
    nodeResourcesFit(args.NodeResourcesFit),
    volumeRestrictions,
    nodeVolumeLimits,
    volumeBinding(args.VolumeBinding),
    volumeZone,
    topologySpread(args.PodTopologySpread),
    interPodAffinity(args.InterPodAffinity),
    balancedAllocation(args.NodeResourcesBalancedAllocation),
    imageLocality,
  ];
}
