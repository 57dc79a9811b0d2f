/**
 * What may become of a proposed size: stabilisation windows, rates of change and limits, as
 * pkg/controller/podautoscaler/horizontal.go has them. A {@link ScalingHistory} is what is remembered of one autoscaler.
 */
import type { AutoscalingV2HorizontalPodAutoscaler as Autoscaler, HPAScalingRules } from '../../api/generated/types.ts';

type Rules = HPAScalingRules | undefined;

interface Dated {
  readonly value: number;
  readonly time: number;
}

/** Kept in memory only: after a restart the current size counts as the first recommendation. */
export interface ScalingHistory {
  recommendations: Dated[];
  /** Replicas added and removed. */
  readonly ups: Dated[];
  readonly downs: Dated[];
}

export interface SizeFacts {
  readonly current: number;
  readonly desired: number;
  readonly min: number;
  readonly max: number;
  readonly now: number;
}

export interface ConditionText {
  readonly reason: string;
  readonly message: string;
}

/** A size and what is to be said of it. */
export interface Decision {
  readonly replicas: number;
  /** For AbleToScale. */
  readonly stabilized: ConditionText;
  /** For ScalingLimited. */
  readonly limited: ConditionText & { readonly status: 'True' | 'False' };
}

/** Flag --horizontal-pod-autoscaler-downscale-stabilization. */
const downscaleWindowMs = 300_000;

const highest = 'recent recommendations were higher than current one, applying the highest recent recommendation';
const lowest = 'recent recommendations were lower than current one, applying the lowest recent recommendation';
const inRange: ConditionText = { reason: 'DesiredWithinRange', message: 'the desired count is within the acceptable range' };
const tooMany: ConditionText = {
  reason: 'TooManyReplicas',
  message: 'the desired replica count is more than the maximum replica count',
};
const tooFew: ConditionText = { reason: 'TooFewReplicas', message: 'the desired replica count is less than the minimum replica count' };
const tooFast: ConditionText = {
  reason: 'ScaleUpLimit',
  message: 'the desired replica count is increasing faster than the maximum scale rate',
};
const tooFastDown: ConditionText = {
  reason: 'ScaleDownLimit',
  message: 'the desired replica count is decreasing faster than the maximum scale rate',
};
const matches: ConditionText = { reason: 'ReadyForNewScale', message: 'recommended size matches current size' };

export function startHistory(current: number, now: number): ScalingHistory {
  return { recommendations: [{ value: current, time: now }], ups: [], downs: [] };
}

/** Decides, and notes the recommendation in `history`. */
export function decideSize(behavior: Autoscaler['spec']['behavior'], facts: SizeFacts, history: ScalingHistory): Decision {
  const stable = behavior === undefined ? stabilize(facts, history) : stabilizeByRules(behavior, facts, history);
  const next = { ...facts, desired: stable.replicas };
  const limit = behavior === undefined ? limitSize(next) : limitByRules(behavior, next, history);
  return {
    replicas: limit.replicas,
    stabilized: stable.replicas === facts.desired ? matches : stable.text,
    limited: { ...limit.text, status: limit.replicas === stable.replicas ? 'False' : 'True' },
  };
}

interface Sized {
  readonly replicas: number;
  readonly text: ConditionText;
}

function stabilize({ desired, now }: SizeFacts, history: ScalingHistory): Sized {
  const recent = history.recommendations.filter(({ time }) => time >= now - downscaleWindowMs);
  history.recommendations = [...recent, { value: desired, time: now }];
  const replicas = Math.max(desired, ...recent.map(({ value }) => value));
  return { replicas, text: { reason: 'ScaleDownStabilized', message: highest } };
}

function stabilizeByRules(
  { scaleUp, scaleDown }: NonNullable<Autoscaler['spec']['behavior']>,
  { desired, current, now }: SizeFacts,
  history: ScalingHistory,
): Sized {
  const upFrom = now - (scaleUp?.stabilizationWindowSeconds ?? 0) * 1000;
  const downFrom = now - (scaleDown?.stabilizationWindowSeconds ?? downscaleWindowMs / 1000) * 1000;
  const since = (from: number): number[] => history.recommendations.filter(({ time }) => time > from).map(({ value }) => value);
  const up = Math.min(desired, ...since(upFrom));
  const down = Math.max(desired, ...since(downFrom));
  const kept = history.recommendations.filter(({ time }) => time >= upFrom || time >= downFrom);
  history.recommendations = [...kept, { value: desired, time: now }];
  const replicas = Math.min(Math.max(current, up), down);
  const text = desired >= current ? { reason: 'ScaleUpStabilized', message: lowest } : { reason: 'ScaleDownStabilized', message: highest };
  return { replicas, text };
}

/** Without rules: at most double, or four. */
function limitSize({ current, desired, min, max }: SizeFacts): Sized {
  const rate = Math.trunc(Math.max(2 * current, 4));
  const most = Math.min(max, rate);
  if (desired < min) return { replicas: min, text: tooFew };
  if (desired > most) return { replicas: most, text: max > rate ? tooFast : tooMany };
  return { replicas: desired, text: inRange };
}

function limitByRules(
  { scaleUp, scaleDown }: NonNullable<Autoscaler['spec']['behavior']>,
  facts: SizeFacts,
  history: ScalingHistory,
): Sized {
  const { current, desired, min, max } = facts;
  if (desired > current) {
    const rate = Math.max(current, rateLimit(scaleUp, facts, { history, sign: 1 }));
    const most = Math.min(max, rate);
    if (desired > most) return { replicas: most, text: max > rate ? tooFast : tooMany };
  } else if (desired < current) {
    const rate = Math.min(current, rateLimit(scaleDown, facts, { history, sign: -1 }));
    const least = Math.max(min, rate);
    if (desired < least) return { replicas: least, text: min < rate ? tooFastDown : tooFew };
  }
  return { replicas: desired, text: inRange };
}

/** The size that the policies allow to go to, up or down. */
function rateLimit(rules: Rules, { current, now }: SizeFacts, { history, sign }: { history: ScalingHistory; sign: 1 | -1 }): number {
  if (rules?.selectPolicy === 'Disabled') return current;
  const changed = (events: readonly Dated[], seconds: number): number =>
    events.filter(({ time }) => time > now - seconds * 1000).reduce((sum, { value }) => sum + value, 0);
  const limits = (rules?.policies ?? []).map(({ type, value, periodSeconds }) => {
    const start = current - changed(history.ups, periodSeconds) + changed(history.downs, periodSeconds);
    if (type === 'Pods') return start + sign * value;
    const next = start * (1 + (sign * value) / 100);
    return sign === 1 ? Math.ceil(next) : Math.trunc(next);
  });
  // The most change, or for Min the least.
  const highestLimit = (sign === 1) !== (rules?.selectPolicy === 'Min');
  return highestLimit ? Math.max(-(2 ** 31), ...limits) : Math.min(2 ** 31 - 1, ...limits);
}

/** Notes that the target was scaled, as far as rules will ask for it. */
export function noteScaling(
  behavior: Autoscaler['spec']['behavior'],
  history: ScalingHistory,
  change: { from: number; to: number; now: number },
): void {
  if (behavior === undefined) return;
  const { from, to, now } = change;
  const [events, rules] = to > from ? [history.ups, behavior.scaleUp] : [history.downs, behavior.scaleDown];
  const longest = Math.max(0, ...(rules?.policies ?? []).map(({ periodSeconds }) => periodSeconds)) * 1000;
  const kept = events.filter(({ time }) => time >= now - longest);
  events.splice(0, events.length, ...kept, { value: Math.abs(to - from), time: now });
}
