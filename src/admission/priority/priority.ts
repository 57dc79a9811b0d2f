/** Pods get the number of their priority class; there is one default class at most (plugin/pkg/admission/priority). */
import type { Pod, PodSpec, PriorityClass } from '../../api/generated/types.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../registry/admission.ts';
import type { Entry } from '../../registry/store.ts';
import type { AdmissionDeps } from '../shared/deps.ts';
import { entriesOf, find } from '../shared/read.ts';
import { isAbout, refuse } from '../shared/request.ts';

const priorityClasses = { group: 'scheduling.k8s.io', version: 'v1', resource: 'priorityclasses' } as const;

/** What a pod gets from its class. */
type Resolved = Pick<PriorityClass, 'value' | 'preemptionPolicy'> & { readonly name: string };

const withoutClass: Resolved = { name: '', value: 0, preemptionPolicy: 'PreemptLowerPriority' };

export function priority({ registry }: AdmissionDeps): AdmissionPlugin {
  const defaults = new WeakMap<readonly Entry[], { readonly found: PriorityClass | undefined }>();
  return {
    name: 'Priority',
    changes: ['/pods'],
    mutate(request) {
      if (!isAbout(request, '', 'pods') || request.object === undefined) return undefined;
      const { spec } = request.object as unknown as Pod;
      if (spec === undefined) return undefined;
      if (request.operation === 'CREATE') return resolve(request, spec);
      if (request.operation === 'UPDATE') keepOld(spec, (request.old as unknown as Pod | undefined)?.spec);
      return undefined;
    },
    validate: (request) => (concernsDefault(request) ? onlyDefault(request) : undefined),
  };

  async function resolve(request: AdmissionRequest, spec: PodSpec): Promise<void> {
    const { name, value, preemptionPolicy } = await resolved(request, spec.priorityClassName ?? '');
    if (name !== '') spec.priorityClassName = name;
    if (spec.priority !== undefined && spec.priority !== value) {
      throw refuse(
        request,
        `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
      );
    }
    spec.priority = value;
    if (preemptionPolicy === undefined) return;
    if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== preemptionPolicy) {
      throw refuse(
        request,
        `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${preemptionPolicy} from the given PriorityClass name`,
      );
    }
    spec.preemptionPolicy = preemptionPolicy;
  }

  async function resolved(request: AdmissionRequest, name: string): Promise<Resolved> {
    const found = name === '' ? await defaultPriorityClass() : await find<PriorityClass>(registry(), priorityClasses, { name });
    if (found !== undefined) return { ...found, name: found.metadata?.name ?? '' };
    if (name === '') return withoutClass;
    throw refuse(request, `no PriorityClass with name ${name} was found`);
  }

  async function defaultPriorityClass(): Promise<PriorityClass | undefined> {
    const entries = await entriesOf(registry(), priorityClasses);
    let known = defaults.get(entries);
    if (known === undefined) {
      const marked = entries.map((entry) => entry.object as unknown as PriorityClass).filter(({ globalDefault }) => globalDefault === true);
      known = { found: marked.sort((a, b) => (a.value ?? 0) - (b.value ?? 0))[0] };
      defaults.set(entries, known);
    }
    return known.found;
  }

  async function onlyDefault(request: AdmissionRequest): Promise<void> {
    const name = (await defaultPriorityClass())?.metadata?.name;
    if (name === undefined || (request.operation === 'UPDATE' && name === request.name)) return;
    throw refuse(request, `PriorityClass ${name} is already marked as default. Only one default can exist`);
  }
}

function concernsDefault(request: AdmissionRequest): boolean {
  if (!isAbout(request, 'scheduling.k8s.io', 'priorityclasses') || request.object === undefined) return false;
  return (request.object as unknown as PriorityClass).globalDefault === true;
}

/** A client that leaves them out does not mean to change them. */
function keepOld(spec: PodSpec, old: PodSpec | undefined): void {
  if (spec.priority === undefined && old?.priority !== undefined) spec.priority = old.priority;
  if (spec.preemptionPolicy === undefined && old?.preemptionPolicy !== undefined) spec.preemptionPolicy = old.preemptionPolicy;
}
