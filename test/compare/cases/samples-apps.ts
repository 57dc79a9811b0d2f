import type { KindSample } from './samples.ts';

const podSpec = { containers: [{ name: 'c', image: 'nginx' }] };
const template = { metadata: { labels: { a: 'b' } }, spec: podSpec };
const selector = { matchLabels: { a: 'b' } };
const wrongSelectors = [
  {},
  { spec: {} },
  { spec: { selector: {}, template } },
  { spec: { selector: { matchLabels: { a: 'x' } }, template } },
  {
    spec: {
      selector: {
        matchExpressions: [
          { key: 'a', operator: 'Near' },
          { key: '', operator: 'In' },
        ],
      },
      template,
    },
  },
  { spec: { selector, template: { ...template, spec: { ...podSpec, restartPolicy: 'Never' } } } },
  { spec: { selector, template: { ...template, spec: { containers: [{ name: 'X', image: '' }] } } } },
];

export const appSamples: readonly KindSample[] = [
  {
    kind: 'Deployment',
    apiVersion: 'apps/v1',
    resource: 'deployments',
    minimal: { spec: { replicas: 0, paused: true, selector, template } },
    full: {
      spec: {
        replicas: 0,
        paused: true,
        selector,
        template,
        minReadySeconds: 3,
        revisionHistoryLimit: 2,
        progressDeadlineSeconds: 60,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 2, maxUnavailable: '10%' } },
      },
    },
    status: { replicas: 0, observedGeneration: 1 },
    wrong: [
      ...wrongSelectors,
      {
        spec: {
          selector,
          template,
          replicas: -1,
          strategy: { type: 'X' },
          minReadySeconds: -1,
          revisionHistoryLimit: -1,
          progressDeadlineSeconds: -1,
        },
      },
      { spec: { selector, template, strategy: { type: 'Recreate', rollingUpdate: {} } } },
      { spec: { selector, template, strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } } },
      { spec: { selector, template, strategy: { rollingUpdate: { maxSurge: 'x', maxUnavailable: '110%' } } } },
      { spec: { selector, template, minReadySeconds: 700 } },
    ],
    wrongUpdates: [
      { spec: { selector: { matchLabels: { c: 'd' } } } },
      { spec: { replicas: -5 } },
      { spec: { replicas: 'x' } },
      { spec: { template: { spec: { containers: [] } } } },
    ],
  },
  {
    kind: 'ReplicaSet',
    apiVersion: 'apps/v1',
    resource: 'replicasets',
    minimal: { spec: { replicas: 0, selector, template } },
    full: { spec: { replicas: 0, selector: { matchExpressions: [{ key: 'a', operator: 'Exists' }] }, template, minReadySeconds: 2 } },
    status: { replicas: 0, fullyLabeledReplicas: 0 },
    wrong: wrongSelectors,
    wrongUpdates: [{ spec: { selector: { matchLabels: { c: 'd' } } } }],
  },
  {
    kind: 'StatefulSet',
    apiVersion: 'apps/v1',
    resource: 'statefulsets',
    minimal: { spec: { replicas: 0, selector, template } },
    full: {
      spec: {
        replicas: 0,
        serviceName: 's',
        selector,
        template,
        podManagementPolicy: 'Parallel',
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } },
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete' },
        ordinals: { start: 3 },
        volumeClaimTemplates: [
          { metadata: { name: 'v' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
        ],
      },
    },
    status: { replicas: 0, currentRevision: 'x' },
    wrong: [
      ...wrongSelectors,
      { spec: { selector, template, podManagementPolicy: 'x', updateStrategy: { type: 'y' } } },
      { spec: { selector, template, ordinals: { start: -1 }, serviceName: 'A B' } },
    ],
    wrongUpdates: [{ spec: { serviceName: 'other' } }, { spec: { selector: { matchLabels: { c: 'd' } } } }],
  },
  {
    kind: 'DaemonSet',
    apiVersion: 'apps/v1',
    resource: 'daemonsets',
    minimal: { spec: { selector, template } },
    full: {
      spec: {
        selector,
        template: { ...template, spec: { ...podSpec, nodeSelector: { no: 'where' } } },
        updateStrategy: { type: 'OnDelete' },
        minReadySeconds: 1,
        revisionHistoryLimit: 1,
      },
    },
    status: { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 },
    wrong: [
      ...wrongSelectors,
      { spec: { selector, template, updateStrategy: { type: 'y' } } },
      { spec: { selector, template, updateStrategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 0 } } } },
    ],
    wrongUpdates: [{ spec: { selector: { matchLabels: { c: 'd' } } } }],
  },
  {
    kind: 'ControllerRevision',
    apiVersion: 'apps/v1',
    resource: 'controllerrevisions',
    minimal: { revision: 1, data: { a: 1 } },
    full: { revision: 2, data: { spec: { x: 'y' } } },
    wrong: [{}, { revision: -1, data: {} }],
    wrongUpdates: [{ data: { spec: { x: 'z' } } }],
  },
  {
    kind: 'Job',
    apiVersion: 'batch/v1',
    resource: 'jobs',
    minimal: { spec: { suspend: true, template: { spec: { ...podSpec, restartPolicy: 'Never' } } } },
    full: {
      spec: {
        suspend: true,
        completions: 3,
        parallelism: 2,
        completionMode: 'Indexed',
        backoffLimitPerIndex: 1,
        activeDeadlineSeconds: 100,
        ttlSecondsAfterFinished: 5,
        podFailurePolicy: { rules: [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [1, 2] } }] },
        template: { spec: { ...podSpec, restartPolicy: 'Never' } },
      },
    },
    wrong: [
      {},
      { spec: { template: { spec: podSpec } } },
      { spec: { completions: -1, parallelism: -1, backoffLimit: -1, template: { spec: { ...podSpec, restartPolicy: 'Always' } } } },
      { spec: { completionMode: 'Indexed', template: { spec: { ...podSpec, restartPolicy: 'Never' } } } },
      { spec: { selector, template: { spec: { ...podSpec, restartPolicy: 'Never' } } } },
      { spec: { manualSelector: true, template: { spec: { ...podSpec, restartPolicy: 'Never' } } } },
    ],
    wrongUpdates: [
      { spec: { completions: 4 } },
      { spec: { template: { spec: { restartPolicy: 'OnFailure' } } } },
      { spec: { completionMode: 'NonIndexed' } },
    ],
  },
  {
    kind: 'CronJob',
    apiVersion: 'batch/v1',
    resource: 'cronjobs',
    minimal: {
      spec: { suspend: true, schedule: '0 0 1 1 *', jobTemplate: { spec: { template: { spec: { ...podSpec, restartPolicy: 'Never' } } } } },
    },
    full: {
      spec: {
        suspend: true,
        schedule: '@yearly',
        timeZone: 'Europe/Berlin',
        concurrencyPolicy: 'Forbid',
        startingDeadlineSeconds: 10,
        successfulJobsHistoryLimit: 0,
        jobTemplate: { metadata: { labels: { x: 'y' } }, spec: { template: { spec: { ...podSpec, restartPolicy: 'OnFailure' } } } },
      },
    },
    status: { active: [{ kind: 'Job', name: 'x' }], lastScheduleTime: '2020-01-01T00:00:00Z' },
    wrong: [
      {},
      { spec: { schedule: 'x', jobTemplate: { spec: { template: { spec: { ...podSpec, restartPolicy: 'Never' } } } } } },
      {
        spec: {
          schedule: 'TZ=UTC * * * * *',
          concurrencyPolicy: 'x',
          timeZone: 'Nowhere/X',
          jobTemplate: { spec: { template: { spec: podSpec } } },
        },
      },
      {
        metadata: { name: 'x'.repeat(53) },
        spec: { schedule: '* * * * *', jobTemplate: { spec: { template: { spec: { ...podSpec, restartPolicy: 'Never' } } } } },
      },
    ],
    wrongUpdates: [{ spec: { schedule: '99 * * * *' } }, { spec: { timeZone: '' } }],
  },
  {
    kind: 'HorizontalPodAutoscaler',
    apiVersion: 'autoscaling/v2',
    resource: 'horizontalpodautoscalers',
    minimal: { spec: { maxReplicas: 2, scaleTargetRef: { kind: 'Deployment', name: 'x', apiVersion: 'apps/v1' } } },
    full: {
      spec: {
        minReplicas: 2,
        maxReplicas: 4,
        scaleTargetRef: { kind: 'Deployment', name: 'x', apiVersion: 'apps/v1' },
        metrics: [{ type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '500Mi' } } }],
        behavior: { scaleDown: { stabilizationWindowSeconds: 10 }, scaleUp: { policies: [{ type: 'Pods', value: 1, periodSeconds: 5 }] } },
      },
    },
    wrong: [
      {},
      { spec: { minReplicas: 5, maxReplicas: 2, scaleTargetRef: { kind: 'D', name: 'x' } } },
      { spec: { maxReplicas: 1, scaleTargetRef: { kind: 'D', name: 'x' }, metrics: [{ type: 'X' }, { type: 'Resource' }] } },
    ],
  },
];
