/** One namespace on one server, and hands that play kubelet there: pods run, end and go as a scenario says. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Pod, PodStatus } from '../../../src/api/generated/types.ts';
import { get, patch, post, remove, type Step as Request } from '../case.ts';
import type { Target } from '../target.ts';

const resources: Readonly<Record<string, string>> = {
  Pod: 'api/v1/{ns}/pods',
  Event: 'api/v1/{ns}/events',
  ReplicationController: 'api/v1/{ns}/replicationcontrollers',
  ResourceQuota: 'api/v1/{ns}/resourcequotas',
  ServiceAccount: 'api/v1/{ns}/serviceaccounts',
  Deployment: 'apis/apps/v1/{ns}/deployments',
  DaemonSet: 'apis/apps/v1/{ns}/daemonsets',
  StatefulSet: 'apis/apps/v1/{ns}/statefulsets',
  PersistentVolumeClaim: 'api/v1/{ns}/persistentvolumeclaims',
  PodDisruptionBudget: 'apis/policy/v1/{ns}/poddisruptionbudgets',
  ControllerRevision: 'apis/apps/v1/{ns}/controllerrevisions',
  Service: 'api/v1/{ns}/services',
  Endpoints: 'api/v1/{ns}/endpoints',
  EndpointSlice: 'apis/discovery.k8s.io/v1/{ns}/endpointslices',
  ReplicaSet: 'apis/apps/v1/{ns}/replicasets',
  Job: 'apis/batch/v1/{ns}/jobs',
  CronJob: 'apis/batch/v1/{ns}/cronjobs',
  HorizontalPodAutoscaler: 'apis/autoscaling/v2/{ns}/horizontalpodautoscalers',
};

/** The node all pods are put on; {@link beat} keeps it alive. */
const node = 'compare';
const now = (): string => `${new Date().toISOString().slice(0, 19)}Z`;

export type Manifest = { readonly kind: string; readonly apiVersion: string } & Readonly<Record<string, unknown>>;
export type DeleteOptions = Readonly<Record<string, unknown>>;

export class World {
  readonly #target: Target;
  readonly namespace: string;

  constructor(target: Target, namespace: string) {
    this.#target = target;
    this.namespace = namespace;
  }

  /** The parsed answer; throws on a failure unless `mayFail`. */
  async send(request: Request, mayFail = false): Promise<unknown> {
    const answer = await this.#target.send(request, (text) => text.replaceAll('{ns}', `namespaces/${this.namespace}`));
    if (answer.code < 300) return JSON.parse(answer.text) as unknown;
    if (mayFail) return undefined;
    throw new Error(`${request.method} ${request.path}: ${String(answer.code)} ${answer.text.slice(0, 500)}`);
  }

  path(kind: string, name?: string): string {
    return `/${resources[kind] ?? ''}${name === undefined ? '' : `/${name}`}`;
  }

  /** Makes the namespace; resolves when pods can be made in it. */
  async open(): Promise<void> {
    await this.send(post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: this.namespace } }));
    while ((await this.send(get(this.path('ServiceAccount', 'default')), true)) === undefined) await pause(100);
  }

  async close(): Promise<void> {
    await this.send(remove(`/api/v1/namespaces/${this.namespace}`));
  }

  async create(object: Manifest): Promise<void> {
    await this.send(post(this.path(object.kind), object));
  }

  async patch(kind: string, name: string, body: unknown): Promise<void> {
    await this.send(patch('merge', this.path(kind, name), body));
  }

  async remove(kind: string, name: string, options?: DeleteOptions): Promise<void> {
    await this.send(remove(this.path(kind, name), options));
  }

  async list<T>(kind: string): Promise<T[]> {
    return ((await this.send(get(this.path(kind)))) as { items: T[] }).items;
  }

  /** In the order they were made; of one second's pods those of lower indexes first. */
  async pods(): Promise<Pod[]> {
    const order = (pod: Pod): readonly [string, number, number] => [
      pod.metadata.creationTimestamp,
      Number(pod.metadata.annotations?.['batch.kubernetes.io/job-completion-index'] ?? 0),
      Number(pod.metadata.resourceVersion),
    ];
    return (await this.list<Pod>('Pod')).sort((a, b) => {
      const [[one, i, v], [other, j, w]] = [order(a), order(b)];
      return one === other ? i - j || v - w : one < other ? -1 : 1;
    });
  }

  /** Those that are neither over nor going. */
  async living(): Promise<Pod[]> {
    return (await this.pods()).filter(
      ({ metadata, status }) => metadata.deletionTimestamp === undefined && status.phase !== 'Succeeded' && status.phase !== 'Failed',
    );
  }

  async setStatus(pod: Pod, status: PodStatus): Promise<void> {
    await this.send(patch('merge', `${this.path('Pod', pod.metadata.name)}/status`, { status }));
  }

  /** Binds the pod and makes it ready. */
  async run(pod: Pod): Promise<void> {
    if (pod.spec.nodeName === undefined) {
      const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: pod.metadata.name }, target: { kind: 'Node', name: node } };
      await this.send(post(`${this.path('Pod', pod.metadata.name)}/binding`, binding));
    }
    const startedAt = now();
    await this.setStatus(pod, {
      phase: 'Running',
      startTime: startedAt,
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: startedAt }],
      containerStatuses: [{ name: 'c', image: 'i', imageID: '', ready: true, restartCount: 0, state: { running: { startedAt } } }],
    });
  }

  /** What a budget forbids stays. */
  async evict({ metadata: { name } }: Pod): Promise<void> {
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } };
    await this.send(post(`${this.path('Pod', name)}/eviction`, eviction), true);
  }

  /** The pod's container ends with this code. */
  async end(pod: Pod, exitCode: number, more: PodStatus = {}): Promise<void> {
    const time = now();
    const terminated = { exitCode, finishedAt: time, startedAt: time };
    await this.setStatus(pod, {
      phase: exitCode === 0 ? 'Succeeded' : 'Failed',
      conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: time }],
      containerStatuses: [{ name: 'c', image: 'i', imageID: '', ready: false, restartCount: 0, state: { terminated } }],
      ...more,
    });
  }

  /** What is being deleted ends and goes. */
  async finishDeletions(exitCode?: number): Promise<void> {
    for (const pod of await this.pods()) {
      if (pod.metadata.deletionTimestamp === undefined) continue;
      if (exitCode !== undefined) await this.end(pod, exitCode);
      await this.remove('Pod', pod.metadata.name, { gracePeriodSeconds: 0 });
    }
  }

  /** The node's heartbeat; the first one makes the node. */
  async beat(): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'Node', metadata: { name: node }, spec: { unschedulable: true } };
    await this.send(post('/api/v1/nodes', body), true);
    const condition = {
      type: 'Ready',
      status: 'True',
      reason: 'R',
      message: 'm',
      lastHeartbeatTime: now(),
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    await this.send(patch('merge', `/api/v1/nodes/${node}/status`, { status: { conditions: [condition] } }));
  }
}
