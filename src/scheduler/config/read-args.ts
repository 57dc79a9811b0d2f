/** Arguments of plugins out of a configuration: scheduler apis/config/validation/validation_pluginargs.go. */
import { duplicate, forbiddenField, invalid, notSupported, required } from '../../api/field-errors.ts';
import type { NodeAffinity, TopologySpreadConstraint } from '../../api/generated/types.ts';
import type { ResourceWeight, ScoringStrategy, ShapePoint } from '../plugins/node-resources-fit/scoring.ts';
import type { PluginArgs, PluginWithArgs } from './args.ts';
import { defaultArgs, defaultResources } from './args.ts';
import type { Reader } from './reader.ts';

type ArgsReaders = { readonly [Name in PluginWithArgs]: (args: Reader) => PluginArgs[Name] };

export const argsReaders: ArgsReaders = {
  DefaultPreemption: readPreemption,
  InterPodAffinity: (args) => ({
    hardPodAffinityWeight:
      args.integerIn('hardPodAffinityWeight', [0, 100], 'not in valid range [0, 100]') ??
      defaultArgs.InterPodAffinity.hardPodAffinityWeight,
    ignorePreferredTermsOfExistingPods: args.flag('ignorePreferredTermsOfExistingPods') ?? false,
  }),
  NodeAffinity: (args) => (args.has('addedAffinity') ? { addedAffinity: args.raw('addedAffinity') as NodeAffinity } : {}),
  NodeResourcesBalancedAllocation: readBalanced,
  NodeResourcesFit: readFit,
  PodTopologySpread: readSpread,
  VolumeBinding: (args) => {
    if (args.has('shape')) {
      const detail = 'unexpected field `shape`, remove it or turn on the feature gate StorageCapacityScoring';
      args.fault(invalid(args.path.child('shape'), args.raw('shape'), detail));
    }
    const bounds = [0, Number.MAX_SAFE_INTEGER] as const;
    const given = args.integerIn('bindTimeoutSeconds', bounds, 'invalid BindTimeoutSeconds, should not be a negative value');
    return { bindTimeoutSeconds: given ?? defaultArgs.VolumeBinding.bindTimeoutSeconds };
  },
};

function readPreemption(args: Reader): PluginArgs['DefaultPreemption'] {
  const defaults = defaultArgs.DefaultPreemption;
  const percentage = args.integerIn('minCandidateNodesPercentage', [0, 100], 'not in valid range [0, 100]');
  const absolute = args.integerIn('minCandidateNodesAbsolute', [0, Infinity], 'not in valid range [0, inf)');
  if (percentage === 0 && absolute === 0) {
    const at = (name: string, other: string): void =>
      args.fault(invalid(args.path.child(name), 0, `cannot be zero at the same time as ${other}`));
    at('minCandidateNodesPercentage', 'minCandidateNodesAbsolute');
    at('minCandidateNodesAbsolute', 'minCandidateNodesPercentage');
  }
  return {
    minCandidateNodesPercentage: percentage ?? defaults.minCandidateNodesPercentage,
    minCandidateNodesAbsolute: absolute ?? defaults.minCandidateNodesAbsolute,
  };
}

function readBalanced(args: Reader): PluginArgs['NodeResourcesBalancedAllocation'] {
  const names = args.maps('resources').map((resource) => {
    const weight = resource.integer('weight') ?? 0;
    if (weight !== 0 && weight !== 1) resource.fault(invalid(resource.path.child('weight'), weight, 'must be 1'));
    const name = resource.text('name') ?? '';
    resource.done();
    return { name, path: resource.path.child('name') };
  });
  for (const [at, { name, path }] of names.entries())
    if (names.findIndex((other) => other.name === name) < at) args.fault(duplicate(path, name));
  const given = names.map(({ name }) => name);
  return { resources: given.length === 0 ? defaultArgs.NodeResourcesBalancedAllocation.resources : given };
}

function readFit(args: Reader): PluginArgs['NodeResourcesFit'] {
  const ignoredResourceGroups = args.texts('ignoredResourceGroups');
  for (const [at, group] of ignoredResourceGroups.entries())
    if (group.includes('/'))
      args.fault(invalid(args.path.child('ignoredResourceGroups').index(at), group, "resource group name can't contain '/'"));
  return {
    ignoredResources: args.texts('ignoredResources'),
    ignoredResourceGroups,
    scoringStrategy: args.has('scoringStrategy') ? readStrategy(args.map('scoringStrategy')) : defaultArgs.NodeResourcesFit.scoringStrategy,
  };
}

const strategies = ['LeastAllocated', 'MostAllocated', 'RequestedToCapacityRatio'];

function readStrategy(strategy: Reader): ScoringStrategy {
  const type = strategy.text('type') ?? '';
  if (!strategies.includes(type)) strategy.fault(notSupported(strategy.path.child('type'), type, strategies));
  const given = strategy.maps('resources').map((resource): ResourceWeight => {
    const name = resource.text('name') ?? '';
    const weight = resource.integerIn('weight', [0, 100], `resource weight of ${name} not in valid range (0, 100]`) ?? 0;
    resource.done();
    return { name, weight: weight === 0 ? 1 : weight };
  });
  const resources = given.length === 0 ? defaultResources : given;
  const ratio = 'requestedToCapacityRatio';
  if (type !== 'RequestedToCapacityRatio') {
    if (strategy.has(ratio))
      strategy.fault(forbiddenField(strategy.path.child(ratio), 'must be nil when type is not RequestedToCapacityRatio'));
    strategy.raw(ratio);
    strategy.done();
    return { type: type === 'MostAllocated' ? 'MostAllocated' : 'LeastAllocated', resources };
  }
  strategy.need(ratio, 'must be specified when type is RequestedToCapacityRatio');
  const shape = strategy.has(ratio) ? readShape(strategy.map(ratio)) : [];
  strategy.done();
  return { type: 'RequestedToCapacityRatio', resources, shape };
}

function readShape(ratio: Reader): ShapePoint[] {
  const path = ratio.path.child('shape');
  const shape = ratio.maps('shape').map((point): ShapePoint => {
    const utilization = point.integerIn('utilization', [0, 100], 'not in valid range [0, 100]') ?? 0;
    const score = point.integerIn('score', [0, 10], 'not in valid range [0, 10]') ?? 0;
    point.done();
    return { utilization, score };
  });
  ratio.done();
  if (shape.length === 0) ratio.fault(required(path, 'at least one point must be specified'));
  const wrong = shape.findIndex(({ utilization }, at) => at > 0 && (shape[at - 1]?.utilization ?? 0) >= utilization);
  if (wrong > 0)
    ratio.fault(invalid(path.index(wrong).child('utilization'), shape[wrong]?.utilization, 'values must be sorted in increasing order'));
  return shape;
}

function readSpread(args: Reader): PluginArgs['PodTopologySpread'] {
  const type = args.text('defaultingType') ?? 'System';
  const path = args.path.child('defaultingType');
  if (type !== 'System' && type !== 'List') args.fault(notSupported(path, type, ['System', 'List']));
  const constraints = args.maps('defaultConstraints').map((constraint) => readConstraint(constraint));
  for (const [at, { topologyKey, whenUnsatisfiable }] of constraints.entries()) {
    const first = constraints.findIndex((other) => other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable);
    if (first < at) args.fault(duplicate(args.path.child('defaultConstraints').index(at), `{${topologyKey}, ${whenUnsatisfiable}}`));
  }
  if (type === 'System' && constraints.length > 0) args.fault(invalid(path, type, 'when .defaultConstraints are not empty'));
  return { defaultConstraints: type === 'List' ? constraints : undefined };
}

const consequences = ['DoNotSchedule', 'ScheduleAnyway'];

function readConstraint(constraint: Reader): TopologySpreadConstraint {
  const { path } = constraint;
  const maxSkew = constraint.integerIn('maxSkew', [1, Infinity], 'not in valid range (0, inf)') ?? 0;
  if (!constraint.has('maxSkew')) constraint.fault(invalid(path.child('maxSkew'), 0, 'not in valid range (0, inf)'));
  constraint.need('topologyKey', 'can not be empty');
  constraint.need('whenUnsatisfiable', 'can not be empty');
  const whenUnsatisfiable = constraint.text('whenUnsatisfiable') ?? '';
  if (constraint.has('whenUnsatisfiable') && !consequences.includes(whenUnsatisfiable))
    constraint.fault(notSupported(path.child('whenUnsatisfiable'), whenUnsatisfiable, consequences));
  if (constraint.has('labelSelector')) {
    const detail = 'constraint must not define a selector, as they deduced for each pod';
    constraint.fault(forbiddenField(path.child('labelSelector'), detail));
  }
  const topologyKey = constraint.text('topologyKey') ?? '';
  const minDomains = constraint.integer('minDomains');
  constraint.done(['labelSelector', 'nodeAffinityPolicy', 'nodeTaintsPolicy', 'matchLabelKeys']);
  return { maxSkew, topologyKey, whenUnsatisfiable, ...(minDomains === undefined ? {} : { minDomains }) };
}
