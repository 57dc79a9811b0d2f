import { describe, expect, test } from '@jest/globals';
import { defaultConfig } from './config.ts';
import { makeProfile } from './profiles.ts';
import { readSchedulerConfig, SchedulerConfigError } from './read-config.ts';

const head = 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n';

function problems(text: string): readonly string[] {
  try {
    readSchedulerConfig(text);
    return [];
  } catch (error) {
    if (error instanceof SchedulerConfigError) return error.problems;
    throw error;
  }
}

describe('scheduler configuration', () => {
  test('nothing but kind and version means the defaults', () => {
    expect(readSchedulerConfig(head)).toEqual(defaultConfig);
  });

  test('what concerns the process is let through', () => {
    expect(problems(`${head}leaderElection: {leaderElect: false}\nparallelism: 4\nclientConnection: {kubeconfig: /x}\n`)).toEqual([]);
  });

  test('several profiles with their own plugins, weights and arguments', () => {
    const { profiles } = readSchedulerConfig(`${head}
profiles:
- schedulerName: default-scheduler
- schedulerName: packing
  percentageOfNodesToScore: 100
  plugins:
    score:
      disabled: [{name: PodTopologySpread}]
      enabled: [{name: NodeResourcesFit, weight: 5}]
    postFilter: {disabled: [{name: DefaultPreemption}]}
  pluginConfig:
  - name: NodeResourcesFit
    args:
      scoringStrategy:
        type: RequestedToCapacityRatio
        resources: [{name: cpu, weight: 3}]
        requestedToCapacityRatio: {shape: [{utilization: 0, score: 0}, {utilization: 100, score: 10}]}
`);
    expect(profiles.map(({ schedulerName }) => schedulerName)).toEqual(['default-scheduler', 'packing']);
    const [usual, packing] = profiles.map((profile) => makeProfile(profile));
    const scores = (profile = packing): unknown => profile?.score.map(({ plugin, weight }) => `${plugin.name} ${String(weight)}`);
    expect(scores(usual)).toEqual([
      'TaintToleration 3',
      'NodeAffinity 2',
      'NodeResourcesFit 1',
      'PodTopologySpread 2',
      'InterPodAffinity 2',
      'NodeResourcesBalancedAllocation 1',
      'ImageLocality 1',
    ]);
    expect(scores()).toEqual([
      'NodeResourcesFit 5',
      'TaintToleration 3',
      'NodeAffinity 2',
      'InterPodAffinity 2',
      'NodeResourcesBalancedAllocation 1',
      'ImageLocality 1',
    ]);
    expect([usual?.preemption !== undefined, packing?.preemption]).toEqual([true, undefined]);
    expect(packing).toMatchObject({ percentageOfNodesToScore: 100, dynamicResources: true });
  });

  test('everything off but what is named', () => {
    const [profile] = readSchedulerConfig(`${head}
profiles:
- plugins:
    multiPoint: {disabled: [{name: '*'}], enabled: [{name: PrioritySort}, {name: NodeResourcesFit}, {name: DefaultBinder}]}
`).profiles.map((each) => makeProfile(each));
    expect(profile?.filter.map(({ name }) => name)).toEqual(['NodeResourcesFit']);
    expect(profile?.score.map(({ plugin }) => plugin.name)).toEqual(['NodeResourcesFit']);
  });

  test.each([
    ['', ['apiVersion: Unsupported value: "": supported values: "kubescheduler.config.k8s.io/v1"', expect.stringContaining('kind: ')]],
    [': : :', [expect.stringMatching(/^not valid YAML: /)]],
    [`${head}profile: []`, ['profile: Forbidden: unknown field']],
    [`${head}percentageOfNodesToScore: 101`, ['percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]']],
    [`${head}podInitialBackoffSeconds: 0`, ['podInitialBackoffSeconds: Invalid value: 0: must be greater than 0']],
    [
      `${head}podMaxBackoffSeconds: 0`,
      ['podMaxBackoffSeconds: Invalid value: 0: must be greater than or equal to PodInitialBackoffSeconds'],
    ],
    [`${head}extenders: [{urlPrefix: x}]`, ['extenders: Forbidden: extenders are not supported']],
    [
      `${head}profiles: [{schedulerName: a}, {schedulerName: a}]`,
      ['profiles[1].schedulerName: Duplicate value: "profiles[0].schedulerName"'],
    ],
    [`${head}profiles: [{schedulerName: a}, {}]`, ['profiles[1].schedulerName: Required value']],
    [
      `${head}profiles: [{plugins: {score: {enabled: [{name: Nope}]}}}]`,
      ['profiles[0].plugins.score.enabled[0]: Invalid value: "Nope": plugin "Nope" does not exist'],
    ],
    [
      `${head}profiles: [{pluginConfig: [{name: InterPodAffinity, args: {hardPodAffinityWeight: 200}}]}]`,
      ['profiles[0].pluginConfig[0].args.hardPodAffinityWeight: Invalid value: 200: not in valid range [0, 100]'],
    ],
    [
      `${head}profiles: [{pluginConfig: [{name: NodeResourcesFit, args: {scoringStrategy: {type: Random}}}]}]`,
      [
        'profiles[0].pluginConfig[0].args.scoringStrategy.type: Unsupported value: "Random": supported values: "LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"',
      ],
    ],
    [
      `${head}profiles: [{pluginConfig: [{name: PodTopologySpread, args: {defaultingType: System, defaultConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: Never}]}}]}]`,
      [
        'profiles[0].pluginConfig[0].args.defaultConstraints[0].whenUnsatisfiable: Unsupported value: "Never": supported values: "DoNotSchedule", "ScheduleAnyway"',
        'profiles[0].pluginConfig[0].args.defaultingType: Invalid value: "System": when .defaultConstraints are not empty',
      ],
    ],
  ])('%#: says what is wrong', (text, expected) => {
    expect(problems(text)).toEqual(expected);
  });
});
