/** One workload of every kind, on containers that cost nothing. */
const tolerations = ['not-ready', 'unreachable'].map((taint) => ({
  key: `node.kubernetes.io/${taint}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: 5,
}));

function template(app: string, parts: { readonly annotations?: Record<string, string>; readonly spec?: object } = {}): object {
  return {
    metadata: { labels: { app }, ...(parts.annotations === undefined ? {} : { annotations: parts.annotations }) },
    spec: { tolerations, terminationGracePeriodSeconds: 1, containers: [{ name: 'c', image: 'c:1' }], ...parts.spec },
  };
}

const selector = (app: string): object => ({ matchLabels: { app } });

/** Jobs' containers end by themselves after so long. */
const exits = { 'sim.coracle.io/exit-ms': '700' };
/** On the node that is never away for long: where pods are evicted, the count of those that are left says nothing. */
const once = { annotations: exits, spec: { restartPolicy: 'Never', nodeSelector: { 'kubernetes.io/hostname': 'n0' } } };

export interface Workload {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

function workload(kind: string, name: string, spec: Workload['spec']): Workload {
  return { kind, metadata: { name }, spec: { ...(kind === 'Job' ? {} : { selector: selector(name) }), ...spec } };
}

/** A deleted pod of a Job counts as failed, so nothing but their completions may end them. */
const patient = { backoffLimit: 1_000_000 };

export function workloads(): Workload[] {
  const slow = { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
  const atOnce = { podManagementPolicy: 'Parallel', serviceName: 'parallel' };
  return [
    workload('Deployment', 'web', { replicas: 6, template: template('web') }),
    workload('Deployment', 'careful', { replicas: 4, strategy: slow, template: template('careful') }),
    workload('ReplicaSet', 'bare', { replicas: 3, template: template('bare') }),
    workload('StatefulSet', 'ordered', { replicas: 3, serviceName: 'ordered', template: template('ordered') }),
    workload('StatefulSet', 'parallel', { replicas: 4, ...atOnce, template: template('parallel') }),
    workload('DaemonSet', 'everywhere', { template: template('everywhere') }),
    workload('Job', 'count', { ...patient, completions: 200, parallelism: 4, template: template('count', once) }),
    workload('Job', 'indexed', {
      ...patient,
      completions: 100,
      parallelism: 3,
      completionMode: 'Indexed',
      template: template('indexed', once),
    }),
  ];
}
