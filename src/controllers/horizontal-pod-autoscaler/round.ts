/** One round for one autoscaler: reconcileAutoscaler in pkg/controller/podautoscaler/horizontal.go. */
import { isReason } from '../../api/errors.ts';
import type {
  AutoscalingV2HorizontalPodAutoscaler as Autoscaler,
  AutoscalingV2HorizontalPodAutoscalerStatus as AutoscalerStatus,
  MetricStatus,
  Pod,
} from '../../api/generated/types.ts';
import type { KubeObject } from '../../api/object.ts';
import { parseApiVersion } from '../../api/object.ts';
import { labelSelectorMatcher } from '../../api/selectors.ts';
import type { Clock } from '../../base/clock.ts';
import { rfc3339 } from '../../base/clock.ts';
import { jsonEqual } from '../../base/json-equal.ts';
import type { Client, ResourceRef } from '../../client/client.ts';
import type { EventRecorder } from '../../client/events.ts';
import { referenceTo } from '../../client/events.ts';
import { keyOf } from '../../client/informer-store.ts';
import { refs } from '../../client/refs.ts';
import { messageOf } from '../shared/pod-control.ts';
import type { ScalingHistory } from './behavior.ts';
import { decideSize, noteScaling, startHistory } from './behavior.ts';
import type { Evaluation } from './evaluate.ts';
import { evaluate, MetricError } from './evaluate.ts';
import type { MetricsClient } from './metrics.ts';

export interface RoundOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly recorder: EventRecorder;
  readonly metrics: MetricsClient;
  readonly autoscaler: Autoscaler;
  readonly podsIn: (namespace: string) => Iterable<Pod>;
  /** What is remembered of each autoscaler, by key. */
  readonly histories: Map<string, ScalingHistory>;
  /** The selector that each autoscaler was last seen to use, by key. */
  readonly selectors: Map<string, string>;
}

type Scale = KubeObject & { spec?: { replicas?: number }; status?: { replicas?: number; selector?: string } };

interface Target {
  readonly ref: ResourceRef<KubeObject>;
  readonly scale: Scale;
}

interface MetricsVerdict {
  /** Undefined: no size could be computed. */
  readonly best: Evaluation | undefined;
  readonly statuses: readonly MetricStatus[] | undefined;
  /** What is wrong with some of them. */
  readonly failure: Error | undefined;
}

/** A failure that events and conditions have told of already. */
export class AutoscalingError extends Error {
  override readonly name = 'AutoscalingError';
}

export class AutoscalerRound {
  readonly #options: RoundOptions;
  readonly #autoscaler: Autoscaler;
  readonly #now: number;
  #status: AutoscalerStatus;

  constructor(options: RoundOptions) {
    this.#options = options;
    this.#autoscaler = options.autoscaler;
    this.#now = options.clock.now();
    this.#status = { ...options.autoscaler.status };
  }

  async run(): Promise<void> {
    const target = await this.#target();
    this.#set('AbleToScale', 'True', 'SucceededGetScale', "the HPA controller was able to get the target's current scale");
    const current = target.scale.spec?.replicas ?? 0;
    const key = keyOf(this.#autoscaler);
    let history = this.#options.histories.get(key);
    if (history === undefined) this.#options.histories.set(key, (history = startHistory(current, this.#now)));
    const { minReplicas: min = 1, maxReplicas: max } = this.#autoscaler.spec;
    if (current === 0) {
      this.#set('ScalingActive', 'False', 'ScalingDisabled', 'scaling is disabled since the replica count of the target is zero');
      return this.#keep(current, []);
    }
    if (current > max)
      return this.#rescale(target, { to: max, why: 'Current number of replicas above Spec.MaxReplicas', statuses: undefined });
    if (current < min)
      return this.#rescale(target, { to: min, why: 'Current number of replicas below Spec.MinReplicas', statuses: undefined });
    const { best, statuses, failure } = await this.#evaluateAll(target.scale);
    if (best === undefined) return this.#giveUp(current, statuses, failure);
    const decision = decideSize(this.#autoscaler.spec.behavior, { current, desired: best.replicas, min, max, now: this.#now }, history);
    this.#set('AbleToScale', 'True', decision.stabilized.reason, decision.stabilized.message);
    this.#set('ScalingLimited', decision.limited.status, decision.limited.reason, decision.limited.message);
    const why = best.replicas > current ? `${best.name} above target` : best.replicas < current ? 'All metrics below target' : '';
    if (decision.replicas !== current) await this.#rescale(target, { to: decision.replicas, why, statuses });
    else await this.#keep(current, statuses);
    if (failure !== undefined) throw failure;
  }

  get #reference(): string {
    const { kind, name } = this.#autoscaler.spec.scaleTargetRef;
    return `${kind}/${this.#autoscaler.metadata.namespace ?? ''}/${name}`;
  }

  async #target(): Promise<Target> {
    const { apiVersion = '', kind, name } = this.#autoscaler.spec.scaleTargetRef;
    const gv = parseApiVersion(apiVersion);
    let prefix = `invalid API version in scale target reference: `;
    try {
      if (gv === undefined) throw new Error(`unexpected GroupVersion string: ${apiVersion}`);
      prefix = 'unable to determine resource for scale target reference: ';
      const ref = await this.#resource(gv.group, kind);
      prefix = `failed to query scale subresource for ${this.#reference}: `;
      const scale = await this.#options.client.resource(ref).getSubresource(this.#autoscaler.metadata.namespace ?? '', name, 'scale');
      return { ref, scale };
    } catch (error) {
      const message = messageOf(error);
      this.#event('Warning', 'FailedGetScale', message);
      this.#set('AbleToScale', 'False', 'FailedGetScale', `the HPA controller was unable to get the target's current scale: ${message}`);
      await this.#write();
      throw new AutoscalingError(prefix + message, { cause: error });
    }
  }

  async #resource(group: string, kind: string): Promise<ResourceRef<KubeObject>> {
    const found = (await this.#options.client.discover()).find((one) => one.group === group && one.kind === kind);
    if (found === undefined) throw new Error(`no matches for kind "${kind}" in group "${group}"`);
    const { version, resource, namespaced } = found;
    return { group, version, resource, kind, namespaced };
  }

  async #evaluateAll(scale: Scale): Promise<MetricsVerdict> {
    const { metrics: specs = [] } = this.#autoscaler.spec;
    const selected = this.#select(scale.status?.selector ?? '');
    if (selected instanceof Error) return { best: undefined, statuses: undefined, failure: selected };
    const specReplicas = scale.spec?.replicas ?? 0;
    const statuses: MetricStatus[] = [];
    const failures: MetricError[] = [];
    let best: Evaluation | undefined;
    for (const spec of specs) {
      try {
        const result = await evaluate(spec, {
          autoscaler: this.#autoscaler,
          metrics: this.#options.metrics,
          ...selected,
          specReplicas,
          statusReplicas: scale.status?.replicas ?? 0,
          now: this.#now,
          resourceOf: (apiVersion, kind) => this.#qualifiedResource(apiVersion, kind),
        });
        statuses.push(result.status);
        if (best === undefined || result.replicas > best.replicas) best = result;
      } catch (error) {
        if (!(error instanceof MetricError)) throw error;
        statuses.push({ type: '' });
        failures.push(error);
        this.#event('Warning', error.reason, error.why);
      }
    }
    const [first] = failures;
    const counts = `${String(failures.length)} invalid out of ${String(specs.length)}`;
    const failure = first && new AutoscalingError(`invalid metrics (${counts}), first error is: ${first.message}`);
    // With a metric missing nobody knows whether fewer would do.
    if (best === undefined || (failure !== undefined && best.replicas < specReplicas)) {
      if (first !== undefined) {
        this.#set('ScalingActive', 'False', first.reason, `the HPA was unable to compute the replica count: ${first.why}`);
      }
      return { best: undefined, statuses, failure };
    }
    this.#set('ScalingActive', 'True', 'ValidMetricFound', `the HPA was able to successfully calculate a replica count from ${best.name}`);
    return { best, statuses, failure };
  }

  async #qualifiedResource(apiVersion: string, kind: string): Promise<string> {
    const group = parseApiVersion(apiVersion)?.group ?? '';
    const { resource } = await this.#resource(group, kind);
    return group === '' ? resource : `${resource}.${group}`;
  }

  /** The target's pods, unless another autoscaler has some of them too. */
  #select(selector: string): { readonly pods: Pod[]; readonly selector: string } | Error {
    const { namespace = '', name } = this.#autoscaler.metadata;
    if (selector === '') {
      return this.#badSelector('InvalidSelector', 'selector is required', {
        event: 'SelectorRequired',
        condition: "the HPA target's scale is missing a selector",
      });
    }
    let matches: ReturnType<typeof labelSelectorMatcher>;
    try {
      matches = labelSelectorMatcher(selector);
    } catch (error) {
      const message = `couldn't convert selector into a corresponding internal selector object: ${messageOf(error)}`;
      return this.#badSelector('InvalidSelector', message);
    }
    this.#options.selectors.set(keyOf(this.#autoscaler), selector);
    const pods = [...this.#options.podsIn(namespace)].filter((pod) => matches?.(pod.metadata.labels) ?? true);
    const others = this.#othersSelecting(pods);
    if (others.length === 0) return { pods, selector };
    const all = [name, ...others].map((one) => `{${one} ${namespace}}`).join(' ');
    return this.#badSelector('AmbiguousSelector', `pods by selector ${selector} are controlled by multiple HPAs: [${all}]`);
  }

  #othersSelecting(pods: readonly Pod[]): string[] {
    const own = keyOf(this.#autoscaler);
    const prefix = `${this.#autoscaler.metadata.namespace ?? ''}/`;
    return [...this.#options.selectors].flatMap(([key, selector]) => {
      if (key === own || !key.startsWith(prefix)) return [];
      const matches = labelSelectorMatcher(selector);
      return pods.some((pod) => matches?.(pod.metadata.labels) ?? true) ? [key.slice(prefix.length)] : [];
    });
  }

  #badSelector(reason: string, message: string, other: { event?: string; condition?: string } = {}): Error {
    this.#event('Warning', other.event ?? reason, message);
    this.#set('ScalingActive', 'False', reason, other.condition ?? message);
    return new Error(message);
  }

  async #giveUp(current: number, statuses: readonly MetricStatus[] | undefined, failure: Error | undefined): Promise<never> {
    this.#setStatus(current, this.#status.desiredReplicas, statuses);
    await this.#write();
    const message = failure?.message ?? '';
    this.#event('Warning', 'FailedComputeMetricsReplicas', message);
    throw new AutoscalingError(`failed to compute desired number of replicas based on listed metrics for ${this.#reference}: ${message}`);
  }

  async #keep(current: number, statuses: readonly MetricStatus[] | undefined): Promise<void> {
    this.#setStatus(current, current, statuses);
    await this.#write();
  }

  async #rescale(
    { ref, scale }: Target,
    { to, why, statuses }: { to: number; why: string; statuses: readonly MetricStatus[] | undefined },
  ): Promise<void> {
    const from = scale.spec?.replicas ?? 0;
    try {
      await this.#writeScale(ref, scale, to);
    } catch (error) {
      const message = messageOf(error);
      this.#event('Warning', 'FailedRescale', `New size: ${String(to)}; reason: ${why}; error: ${message}`);
      this.#set('AbleToScale', 'False', 'FailedUpdateScale', `the HPA controller was unable to update the target scale: ${message}`);
      this.#setStatus(from, this.#status.desiredReplicas, statuses);
      await this.#write();
      throw new AutoscalingError(`failed to rescale ${this.#reference}: ${message}`, { cause: error });
    }
    this.#set('AbleToScale', 'True', 'SucceededRescale', `the HPA controller was able to update the target scale to ${String(to)}`);
    this.#event('Normal', 'SuccessfulRescale', `New size: ${String(to)}; reason: ${why}`);
    const history = this.#options.histories.get(keyOf(this.#autoscaler));
    if (history !== undefined) noteScaling(this.#autoscaler.spec.behavior, history, { from, to, now: this.#now });
    this.#setStatus(from, to, statuses);
    this.#status = { ...this.#status, lastScaleTime: rfc3339(this.#now) };
    await this.#write();
  }

  /** Tries again on newer scales a few times, as client-go's RetryOnConflict. */
  async #writeScale(ref: ResourceRef<KubeObject>, scale: Scale, replicas: number): Promise<void> {
    const resource = this.#options.client.resource(ref);
    const { namespace = '', name } = scale.metadata;
    for (let attempt = 1, current = scale; ; attempt += 1) {
      try {
        await resource.updateSubresource(namespace, name, 'scale', { ...current, spec: { ...current.spec, replicas } });
        return;
      } catch (error) {
        if (!isReason(error, 'Conflict') || attempt >= 5) throw error;
        current = await resource.getSubresource(namespace, name, 'scale');
      }
    }
  }

  #setStatus(current: number, desired: number, statuses: readonly MetricStatus[] | undefined): void {
    const { conditions, lastScaleTime } = this.#status;
    this.#status = {
      ...(current === 0 ? {} : { currentReplicas: current }),
      desiredReplicas: desired,
      ...(lastScaleTime === undefined ? {} : { lastScaleTime }),
      ...(statuses === undefined || statuses.length === 0 ? {} : { currentMetrics: [...statuses] }),
      ...(conditions === undefined ? {} : { conditions }),
    };
  }

  #set(type: string, status: 'True' | 'False', reason: string, message: string): void {
    const conditions = [...(this.#status.conditions ?? [])];
    const at = conditions.findIndex((one) => one.type === type);
    const before = conditions[at];
    const since = before?.status === status && before.lastTransitionTime !== undefined ? before.lastTransitionTime : rfc3339(this.#now);
    const condition = { type, status, lastTransitionTime: since, reason, message };
    this.#status = { ...this.#status, conditions: at < 0 ? [...conditions, condition] : conditions.with(at, condition) };
  }

  async #write(): Promise<void> {
    if (jsonEqual(this.#status, this.#autoscaler.status)) return;
    try {
      await this.#options.client.resource(refs.horizontalPodAutoscalers).updateStatus({ ...this.#autoscaler, status: this.#status });
    } catch (error) {
      if (isReason(error, 'NotFound') || isReason(error, 'Conflict')) throw error;
      this.#event('Warning', 'FailedUpdateStatus', messageOf(error));
      throw new Error(`failed to update status for ${this.#autoscaler.metadata.name}: ${messageOf(error)}`, { cause: error });
    }
  }

  #event(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#options.recorder.event(referenceTo(refs.horizontalPodAutoscalers, this.#autoscaler), type, reason, message);
  }
}
