/** From what a configuration says to {@link Profile}s: apis/config/v1/default_plugins.go and framework/runtime expandMultiPointPlugins. */
import type { Plugin } from '../framework.ts';
import { builtIn, makePlugins } from '../plugins/index.ts';
import type { Profile, Weighted } from '../profile.ts';
import type { PluginArgs } from './args.ts';
import { defaultArgs } from './args.ts';

export interface NamedPlugin {
  readonly name: string;
  readonly weight?: number;
}

export interface PluginSet {
  readonly enabled: readonly NamedPlugin[];
  /** `*` for all. */
  readonly disabled: readonly string[];
}

/** The phases a plugin can be switched on and off for. */
export const phases = [
  'preEnqueue',
  'queueSort',
  'preFilter',
  'filter',
  'postFilter',
  'preScore',
  'score',
  'reserve',
  'permit',
  'preBind',
  'bind',
  'postBind',
] as const;
export type Phase = (typeof phases)[number];

export interface ProfileConfig {
  readonly schedulerName: string;
  readonly percentageOfNodesToScore: number;
  readonly args: PluginArgs;
  readonly plugins: Readonly<Partial<Record<Phase | 'multiPoint', PluginSet>>>;
}

/** Everything with its defaults and weights, in upstream's order. */
export const defaultPlugins: readonly NamedPlugin[] = [
  { name: 'SchedulingGates' },
  { name: 'PrioritySort' },
  { name: 'NodeUnschedulable' },
  { name: 'NodeName' },
  { name: 'TaintToleration', weight: 3 },
  { name: 'NodeAffinity', weight: 2 },
  { name: 'NodePorts' },
  { name: 'NodeResourcesFit', weight: 1 },
  { name: 'VolumeRestrictions' },
  { name: 'NodeVolumeLimits' },
  { name: 'VolumeBinding' },
  { name: 'VolumeZone' },
  { name: 'PodTopologySpread', weight: 2 },
  { name: 'InterPodAffinity', weight: 2 },
  { name: 'DynamicResources', weight: 2 },
  { name: 'DefaultPreemption' },
  { name: 'NodeResourcesBalancedAllocation', weight: 1 },
  { name: 'ImageLocality', weight: 1 },
  { name: 'DefaultBinder' },
  { name: 'NodeDeclaredFeatures' },
];

export const defaultProfile: ProfileConfig = {
  schedulerName: 'default-scheduler',
  percentageOfNodesToScore: 0,
  args: defaultArgs,
  plugins: {},
};

export function knownPlugins(): ReadonlySet<string> {
  return new Set([...makePlugins(defaultArgs).map(({ name }) => name), ...builtIn]);
}

/** Defaults without those that are switched off, in place what is configured anew, then what is new. */
export function mergeSets(defaults: readonly NamedPlugin[], custom: PluginSet | undefined): readonly NamedPlugin[] {
  if (custom === undefined) return defaults;
  const off = new Set(custom.disabled);
  const kept = off.has('*') ? [] : defaults.filter(({ name }) => !off.has(name));
  const merged = kept.map((plugin) => custom.enabled.find(({ name }) => name === plugin.name) ?? plugin);
  return [...merged, ...custom.enabled.filter(({ name }) => !kept.some((plugin) => plugin.name === name))];
}

export function makeProfile(config: ProfileConfig): Profile {
  const { plugins: sets, args } = config;
  const made = new Map(makePlugins(args).map((plugin) => [plugin.name, plugin]));
  const everywhere = mergeSets(defaultPlugins, sets.multiPoint);
  const at = (phase: Phase): readonly NamedPlugin[] => atPhase(everywhere, sets[phase]);
  const pick = (phase: Phase, can: (plugin: Plugin) => boolean): Plugin[] =>
    at(phase).flatMap(({ name }) => {
      const plugin = made.get(name);
      return plugin !== undefined && can(plugin) ? [plugin] : [];
    });
  const filter = pick('filter', (plugin) => plugin.localFilter !== undefined || plugin.preFilter !== undefined);
  const preFilter = pick('preFilter', (plugin) => plugin.preFilter !== undefined);
  const score = at('score').flatMap(({ name, weight = 0 }): Weighted[] => {
    const plugin = made.get(name);
    return plugin?.localScore === undefined && plugin?.preScore === undefined ? [] : [{ plugin, weight: weight === 0 ? 1 : weight }];
  });
  const preEnqueue = pick('preEnqueue', (plugin) => plugin.preEnqueue !== undefined);
  const reserve = pick('reserve', (plugin) => plugin.reserve !== undefined);
  const [queueSort = made.get('PrioritySort') as Plugin] = pick('queueSort', (plugin) => plugin.queueSort !== undefined);
  const postFilter = new Set(at('postFilter').map(({ name }) => name));
  return {
    schedulerName: config.schedulerName,
    percentageOfNodesToScore: config.percentageOfNodesToScore,
    queueSort,
    preEnqueue,
    preFilter: [...new Set([...preFilter, ...filter])].filter((plugin) => plugin.preFilter !== undefined),
    filter,
    score,
    reserve,
    plugins: [...new Set([...preEnqueue, ...preFilter, ...filter, ...score.map(({ plugin }) => plugin), ...reserve])],
    preemption: postFilter.has('DefaultPreemption') ? args.DefaultPreemption : undefined,
    dynamicResources: postFilter.has('DynamicResources'),
  };
}

/** First what is configured anew for the phase, then what runs everywhere, then what is enabled for the phase alone. */
function atPhase(everywhere: readonly NamedPlugin[], own: PluginSet | undefined): readonly NamedPlugin[] {
  if (own === undefined) return everywhere;
  const off = new Set(own.disabled);
  if (off.has('*')) return own.enabled;
  const rest = everywhere.filter(({ name }) => !off.has(name));
  const isIn = (plugins: readonly NamedPlugin[], name: string): boolean => plugins.some((plugin) => plugin.name === name);
  const overriding = own.enabled.filter(({ name }) => isIn(rest, name));
  return [
    ...overriding,
    ...rest.filter(({ name }) => !isIn(overriding, name)),
    ...own.enabled.filter(({ name }) => !isIn(overriding, name)),
  ];
}
