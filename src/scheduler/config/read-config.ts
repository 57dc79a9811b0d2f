/** A KubeSchedulerConfiguration file, checked as kube-scheduler checks it: scheduler apis/config/validation/validation.go. */
import { duplicate, type FieldError, forbiddenField, invalid, notSupported, path, required } from '../../api/field-errors.ts';
import { parseYaml } from '../../api/yaml.ts';
import type { PluginArgs, PluginWithArgs } from './args.ts';
import { defaultArgs } from './args.ts';
import type { SchedulerConfig } from './config.ts';
import { defaultConfig } from './config.ts';
import type { NamedPlugin, Phase, PluginSet, ProfileConfig } from './profiles.ts';
import { knownPlugins, phases } from './profiles.ts';
import { argsReaders } from './read-args.ts';
import { Reader } from './reader.ts';

/** `problems` are all faults, one a line. */
export class SchedulerConfigError extends Error {
  override readonly name = 'SchedulerConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('; '));
    this.problems = problems;
  }
}

const apiVersion = 'kubescheduler.config.k8s.io/v1';
const percentages = [0, 100] as const;
const removed = ['AzureDiskLimits', 'CinderLimits', 'EBSLimits', 'GCEPDLimits'];
/** What concerns the process kube-scheduler runs in, which is this server's here. */
const ofTheProcess = [
  'parallelism',
  'leaderElection',
  'clientConnection',
  'enableProfiling',
  'enableContentionProfiling',
  'delayCacheUntilActive',
];

/** Throws {@link SchedulerConfigError}. */
export function readSchedulerConfig(text: string): SchedulerConfig {
  const faults: FieldError[] = [];
  const config = readDocument(new Reader(parsed(text), path(), faults));
  if (faults.length > 0) throw new SchedulerConfigError([...new Set(faults.map(({ field, body }) => `${field}: ${body}`))]);
  return config;
}

function parsed(text: string): unknown {
  try {
    return parseYaml(text);
  } catch (error) {
    throw new SchedulerConfigError([`not valid YAML: ${error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error)}`]);
  }
}

function readDocument(document: Reader): SchedulerConfig {
  const version = document.text('apiVersion') ?? '';
  if (version !== apiVersion) document.fault(notSupported(path('apiVersion'), version, [apiVersion]));
  const kind = document.text('kind') ?? '';
  if (kind !== 'KubeSchedulerConfiguration') document.fault(notSupported(path('kind'), kind, ['KubeSchedulerConfiguration']));
  const percentage = document.integerIn('percentageOfNodesToScore', percentages, 'not in valid range [0-100]') ?? 0;
  const initial = document.integer('podInitialBackoffSeconds') ?? defaultConfig.podInitialBackoffSeconds;
  const most = document.integer('podMaxBackoffSeconds') ?? defaultConfig.podMaxBackoffSeconds;
  if (initial <= 0) document.fault(invalid(path('podInitialBackoffSeconds'), initial, 'must be greater than 0'));
  if (most < initial)
    document.fault(invalid(path('podMaxBackoffSeconds'), most, 'must be greater than or equal to PodInitialBackoffSeconds'));
  if (document.maps('extenders').length > 0) document.fault(forbiddenField(path('extenders'), 'extenders are not supported'));
  const given = document.maps('profiles');
  const profiles = given.map((profile) => readProfile(profile, { percentage, isOnly: given.length === 1 }));
  checkNames(profiles, document);
  checkQueueSort(given, document);
  document.done(ofTheProcess);
  return {
    profiles: profiles.length > 0 ? profiles : defaultConfig.profiles.map((one) => ({ ...one, percentageOfNodesToScore: percentage })),
    podInitialBackoffSeconds: initial,
    podMaxBackoffSeconds: most,
  };
}

function checkNames(profiles: readonly ProfileConfig[], document: Reader): void {
  for (const [at, { schedulerName }] of profiles.entries()) {
    const first = profiles.findIndex((other) => other.schedulerName === schedulerName);
    const place = path('profiles').index(at).child('schedulerName');
    if (schedulerName !== '' && first < at) document.fault(duplicate(place, path('profiles').index(first).child('schedulerName').text));
  }
}

/** Pods of all profiles wait in one queue. */
function checkQueueSort(profiles: readonly Reader[], document: Reader): void {
  const sorts = profiles.map((profile) => JSON.stringify(profile.map('plugins').raw('queueSort') ?? null));
  for (const [at, sort] of sorts.entries())
    if (sort !== sorts[0])
      document.fault(invalid(path('profiles').index(at).child('plugins', 'queueSort'), sort, 'must be the same for all profiles'));
}

function readProfile(profile: Reader, { percentage, isOnly }: { percentage: number; isOnly: boolean }): ProfileConfig {
  const schedulerName = profile.text('schedulerName') ?? (isOnly ? 'default-scheduler' : '');
  if (schedulerName === '') profile.fault(required(profile.path.child('schedulerName'), ''));
  const own = profile.integerIn('percentageOfNodesToScore', percentages, 'not in valid range [0-100]');
  const plugins = readPlugins(profile.map('plugins'));
  const args = readPluginConfig(profile);
  profile.done();
  return { schedulerName, percentageOfNodesToScore: own ?? percentage, plugins, args };
}

function readPlugins(plugins: Reader): ProfileConfig['plugins'] {
  const sets: Partial<Record<Phase | 'multiPoint', PluginSet>> = {};
  const known = knownPlugins();
  for (const phase of [...phases, 'multiPoint'] as const) if (plugins.has(phase)) sets[phase] = readSet(plugins.map(phase), known);
  plugins.done();
  const sorts = sets.queueSort?.enabled.length ?? 0;
  if (sorts > 1) plugins.fault(invalid(plugins.path.child('queueSort', 'Enabled'), sorts, 'only one queue sort plugin can be enabled'));
  return sets;
}

function readSet(set: Reader, known: ReadonlySet<string>): PluginSet {
  const enabled = set.maps('enabled').map((plugin): NamedPlugin => {
    const name = plugin.text('name') ?? '';
    const weight = plugin.integer('weight');
    if (!known.has(name)) plugin.fault(unknownPlugin(plugin, name));
    plugin.done();
    return { name, ...(weight === undefined ? {} : { weight }) };
  });
  const disabled = set.maps('disabled').map((plugin) => {
    const name = plugin.text('name') ?? '';
    plugin.done(['weight']);
    return name;
  });
  set.done();
  return { enabled, disabled };
}

function unknownPlugin(plugin: Reader, name: string): FieldError {
  if (!removed.includes(name)) return invalid(plugin.path, name, `plugin ${JSON.stringify(name)} does not exist`);
  return invalid(plugin.path, name, `was invalid in version "${apiVersion}" (KubeSchedulerConfiguration is version "${apiVersion}")`);
}

function readPluginConfig(profile: Reader): PluginArgs {
  const seen = new Set<string>();
  let args = defaultArgs;
  for (const config of profile.maps('pluginConfig')) {
    const name = config.text('name') ?? '';
    if (seen.has(name)) config.fault(duplicate(config.path, name));
    seen.add(name);
    const given = config.map('args');
    if (name in argsReaders) {
      const read = argsReaders[name as PluginWithArgs](given);
      const kind = given.text('kind') ?? `${name}Args`;
      if (kind !== `${name}Args`) given.fault(invalid(given.path, kind, 'has to match plugin args'));
      given.text('apiVersion');
      given.done();
      args = { ...args, [name]: read };
    } else if (!knownPlugins().has(name)) config.fault(unknownPlugin(config, name));
    config.done();
  }
  return args;
}
