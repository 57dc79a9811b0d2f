/** Affinity, tolerations and spread constraints. */
import type {
  Affinity,
  LabelSelector,
  NodeSelector,
  PodAffinityTerm,
  Toleration,
  TopologySpreadConstraint,
} from '../../../api/generated/types.ts';
import { duplicate, forbiddenField, invalid, notSupported, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { dns1123LabelFaults, dns1123SubdomainFaults, labelValueFaults, qualifiedNameFaults } from '../../../api/names.ts';
import { checked } from '../names.ts';
import { labelSelectorErrors } from '../selector-validation.ts';

type NodeTerm = NonNullable<
  NonNullable<Affinity['nodeAffinity']>['requiredDuringSchedulingIgnoredDuringExecution']
>['nodeSelectorTerms'][number];

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function tolerationErrors(tolerations: readonly Toleration[], at: Path, faults: FieldError[]): void {
  for (const [index, { key = '', operator = '', value = '', effect = '', tolerationSeconds }] of tolerations.entries()) {
    const own = at.index(index);
    if (key !== '') faults.push(...checked(own.child('key'), key, qualifiedNameFaults));
    else if (operator !== 'Exists') {
      faults.push(
        invalid(
          own.child('operator'),
          operator,
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      );
    }
    if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
      faults.push(invalid(own.child('effect'), effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"));
    }
    if (operator === '' || operator === 'Equal') {
      const wrong = labelValueFaults(value);
      if (wrong.length > 0) faults.push(invalid(own.child('operator'), value, wrong.join(';')));
    } else if (operator === 'Exists') {
      if (value !== '') faults.push(invalid(own.child('operator'), value, "value must be empty when `operator` is 'Exists'"));
    } else
      faults.push(
        notSupported(
          own.child('operator'),
          operator,
          operator === 'Lt' || operator === 'Gt' ? ['Equal', 'Exists', 'Lt', 'Gt'] : ['Equal', 'Exists'],
        ),
      );
    if (effect !== '' && !effects.includes(effect)) faults.push(notSupported(own.child('effect'), effect, effects));
  }
}

export function affinityErrors(affinity: Affinity, at: Path, faults: FieldError[]): void {
  const node = affinity.nodeAffinity;
  if (node !== undefined) nodeAffinityErrors(node, at.child('nodeAffinity'), faults);
  for (const field of ['podAffinity', 'podAntiAffinity'] as const) {
    const pods = affinity[field];
    if (pods === undefined) continue;
    const own = at.child(field);
    for (const [index, term] of (pods.requiredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
      podTermErrors(term, own.child('requiredDuringSchedulingIgnoredDuringExecution').index(index), faults);
    }
    for (const [index, { weight, podAffinityTerm }] of (pods.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
      const preferred = own.child('preferredDuringSchedulingIgnoredDuringExecution').index(index);
      weightErrors(weight, preferred, faults);
      podTermErrors(podAffinityTerm, preferred.child('podAffinityTerm'), faults);
    }
  }
}

function weightErrors(weight: number, at: Path, faults: FieldError[]): void {
  if (weight <= 0 || weight > 100) faults.push(invalid(at.child('weight'), weight, 'must be in the range 1-100'));
}

function nodeAffinityErrors(node: NonNullable<Affinity['nodeAffinity']>, at: Path, faults: FieldError[]): void {
  const must = node.requiredDuringSchedulingIgnoredDuringExecution;
  if (must !== undefined) {
    faults.push(...nodeSelectorErrors(must, at.child('requiredDuringSchedulingIgnoredDuringExecution')));
  }
  for (const [index, { weight, preference }] of (node.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
    const own = at.child('preferredDuringSchedulingIgnoredDuringExecution').index(index);
    weightErrors(weight, own, faults);
    nodeTermErrors(preference, own.child('preference'), { faults, anyValues: true });
  }
}

/** ValidateNodeSelector. */
export function nodeSelectorErrors(selector: NodeSelector, at: Path): FieldError[] {
  const terms = at.child('nodeSelectorTerms');
  const faults = selector.nodeSelectorTerms.length === 0 ? [required(terms, 'must have at least one node selector term')] : [];
  for (const [index, term] of selector.nodeSelectorTerms.entries()) nodeTermErrors(term, terms.index(index), { faults });
  return faults;
}

interface TermChecks {
  readonly faults: FieldError[];
  /** What is only preferred may be no label's value. */
  readonly anyValues?: boolean;
}

function nodeTermErrors({ matchExpressions = [], matchFields = [] }: NodeTerm, at: Path, { faults, anyValues = false }: TermChecks): void {
  for (const [index, { key, operator, values = [] }] of matchExpressions.entries()) {
    const own = at.child('matchExpressions').index(index);
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0) faults.push(required(own.child('values'), "must be specified when `operator` is 'In' or 'NotIn'"));
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length > 0)
        faults.push(forbiddenField(own.child('values'), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
    } else if (operator === 'Gt' || operator === 'Lt') {
      if (values.length !== 1) faults.push(required(own.child('values'), "must be specified single value when `operator` is 'Lt' or 'Gt'"));
    } else faults.push(invalid(own.child('operator'), operator, 'not a valid selector operator'));
    faults.push(...checked(own.child('key'), key, qualifiedNameFaults));
    for (const [position, value] of anyValues ? [] : values.entries())
      faults.push(...checked(own.child('values').index(position), value, labelValueFaults));
  }
  for (const [index, { key, operator, values = [] }] of matchFields.entries()) {
    const own = at.child('matchFields').index(index);
    if (operator !== 'In' && operator !== 'NotIn') faults.push(invalid(own.child('operator'), operator, 'not a valid selector operator'));
    else if (values.length !== 1)
      faults.push(required(own.child('values'), "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"));
    if (key !== 'metadata.name') faults.push(invalid(own.child('key'), key, 'not a valid field selector key'));
    else faults.push(...values.flatMap((value, place) => checked(own.child('values').index(place), value, dns1123SubdomainFaults)));
  }
}

function podTermErrors(term: PodAffinityTerm, at: Path, faults: FieldError[]): void {
  faults.push(
    ...labelSelectorErrors(term.labelSelector, at.child('labelSelector')),
    ...labelSelectorErrors(term.namespaceSelector, at.child('namespaceSelector')),
  );
  for (const name of term.namespaces ?? []) faults.push(...checked(at.child('namespace'), name, dns1123LabelFaults));
  faults.push(...labelKeyErrors(term, at));
  if (term.topologyKey === '') faults.push(required(at.child('topologyKey'), 'can not be empty'));
  faults.push(...checked(at.child('topologyKey'), term.topologyKey, qualifiedNameFaults));
}

export function spreadErrors(constraints: readonly TopologySpreadConstraint[], at: Path, faults: FieldError[]): void {
  for (const [index, { maxSkew, topologyKey, whenUnsatisfiable, minDomains, labelSelector }] of constraints.entries()) {
    const own = at.index(index);
    if (maxSkew <= 0) faults.push(invalid(own.child('maxSkew'), maxSkew, 'must be greater than zero'));
    if (topologyKey === '') faults.push(required(own.child('topologyKey'), 'can not be empty'));
    const actions = ['DoNotSchedule', 'ScheduleAnyway'];
    if (!actions.includes(whenUnsatisfiable)) faults.push(notSupported(own.child('whenUnsatisfiable'), whenUnsatisfiable, actions));
    const others = constraints.slice(index + 1);
    if (others.some((other) => other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable))
      faults.push(duplicate(own.child('{topologyKey, whenUnsatisfiable}'), `{${topologyKey}, ${whenUnsatisfiable}}`));
    if (minDomains !== undefined && minDomains <= 0) faults.push(invalid(own.child('minDomains'), minDomains, 'must be greater than zero'));
    if (minDomains !== undefined && whenUnsatisfiable !== 'DoNotSchedule') {
      faults.push(
        invalid(
          own.child('minDomains'),
          minDomains,
          `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`,
        ),
      );
    }
    for (const field of ['nodeAffinityPolicy', 'nodeTaintsPolicy'] as const) {
      const policy = constraints[index]?.[field];
      if (policy !== undefined && !nodePolicies.includes(policy)) faults.push(notSupported(own.child(field), policy, nodePolicies));
    }
    faults.push(...labelKeyErrors({ matchLabelKeys: constraints[index]?.matchLabelKeys, labelSelector }, own));
    faults.push(...labelSelectorErrors(labelSelector, own.child('labelSelector')));
  }
}

const nodePolicies = ['Honor', 'Ignore'];

interface KeyedSelector {
  readonly matchLabelKeys?: readonly string[] | undefined;
  readonly mismatchLabelKeys?: readonly string[] | undefined;
  readonly labelSelector?: LabelSelector | undefined;
}

/** ValidateMatchLabelKeysAndMismatchLabelKeys: the keys are merged into the selector when the pod is created (core/pods/prepare.ts). */
function labelKeyErrors({ matchLabelKeys = [], mismatchLabelKeys = [], labelSelector }: KeyedSelector, at: Path): FieldError[] {
  const faults: FieldError[] = [];
  for (const [field, keys] of [['matchLabelKeys', matchLabelKeys] as const, ['mismatchLabelKeys', mismatchLabelKeys] as const]) {
    const own = at.child(field);
    if (keys.length === 0) continue;
    if (labelSelector === undefined) faults.push(forbiddenField(own, 'must not be specified when labelSelector is not set'));
    else faults.push(...keys.flatMap((key, index) => checked(own.index(index), key, qualifiedNameFaults)));
  }
  const seen = new Set(Object.keys(labelSelector?.matchLabels ?? {}));
  for (const { key } of labelSelector?.matchExpressions ?? []) {
    // One expression is the key's own; upstream names the term and not the list.
    const index = matchLabelKeys.lastIndexOf(key);
    if (index >= 0 && seen.has(key)) faults.push(invalid(at.index(index), key, 'exists in both matchLabelKeys and labelSelector'));
    seen.add(key);
  }
  for (const [index, key] of matchLabelKeys.entries()) {
    if (mismatchLabelKeys.includes(key))
      faults.push(invalid(at.child('matchLabelKeys').index(index), key, 'exists in both matchLabelKeys and mismatchLabelKeys'));
  }
  return faults;
}
