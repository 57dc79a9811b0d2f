/** What creation adds to a pod beyond defaults. PrepareForCreate of pkg/registry/core/pod/strategy.go. */
import type { AppArmorProfile, LabelSelector, Pod } from '../../../api/generated/types.ts';
import { semanticEqual } from '../../../api/json.ts';
import { appArmorPrefix } from '../../shared/pod/validate-profiles.ts';
import { entryOf } from '../../../api/entry-of.ts';

/** The condition of a pod that something keeps from being scheduled. */
export function gateCondition({ spec, status }: Pod, now: string): void {
  if ((spec.schedulingGates ?? []).length === 0) return;
  status.conditions = [
    {
      type: 'PodScheduled',
      status: 'False',
      lastProbeTime: null as never,
      lastTransitionTime: now,
      reason: 'SchedulingGated',
      message: 'Scheduling is blocked due to non-empty scheduling gates',
    },
  ];
}

interface KeyedSelector {
  readonly labelSelector?: LabelSelector;
  readonly matchLabelKeys?: readonly string[];
  readonly mismatchLabelKeys?: readonly string[];
}

/** Selectors of affinity and spread get the values that the pod's own labels have for the keys they name. */
export function mergeLabelKeys({ metadata, spec }: Pod): void {
  const labels = metadata.labels ?? {};
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {};
  for (const affinity of [podAffinity, podAntiAffinity]) {
    for (const { podAffinityTerm } of affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []) merge(podAffinityTerm, labels);
    for (const term of affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) merge(term, labels);
  }
  for (const constraint of spec.topologySpreadConstraints ?? []) merge(constraint, labels);
}

function merge(
  { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] }: KeyedSelector,
  labels: Readonly<Record<string, string>>,
): void {
  if (labelSelector === undefined) return;
  const more = (keys: readonly string[], operator: string): NonNullable<LabelSelector['matchExpressions']> =>
    keys.flatMap((key) => {
      const value = entryOf(labels, key);
      return value === undefined ? [] : [{ key, operator, values: [value] }];
    });
  const added = [...more(matchLabelKeys, 'In'), ...more(mismatchLabelKeys, 'NotIn')];
  if (added.length > 0) labelSelector.matchExpressions = [...(labelSelector.matchExpressions ?? []), ...added];
}

/** Fields of containers from the annotations that came before them (applyAppArmorVersionSkew). */
export function appArmorFromAnnotations({ metadata: { annotations = {} }, spec }: Pod, warn: (text: string) => void): void {
  if (spec.os?.name === 'windows' || !Object.keys(annotations).some((key) => key.startsWith(appArmorPrefix))) return;
  for (const container of [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])]) {
    const key = `${appArmorPrefix}${container.name}`;
    const annotation = annotations[key];
    if (annotation === undefined || container.securityContext?.appArmorProfile !== undefined) continue;
    const profile = profileOf(annotation);
    if (profile !== undefined && semanticEqual(profile, spec.securityContext?.appArmorProfile)) continue;
    if (profile !== undefined) container.securityContext = { ...container.securityContext, appArmorProfile: profile };
    warn(`metadata.annotations[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`);
  }
}

const longestProfile = 4095;

/** Undefined for one that would be no valid profile. */
function profileOf(annotation: string): AppArmorProfile | undefined {
  if (annotation === 'unconfined') return { type: 'Unconfined' };
  if (annotation === 'runtime/default') return { type: 'RuntimeDefault' };
  const localhostProfile = annotation.startsWith('localhost/') ? annotation.slice('localhost/'.length) : '';
  const sound =
    localhostProfile !== '' && localhostProfile === localhostProfile.trim() && Buffer.byteLength(localhostProfile) <= longestProfile;
  return sound ? { type: 'Localhost', localhostProfile } : undefined;
}
