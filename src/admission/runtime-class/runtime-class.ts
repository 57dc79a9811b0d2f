/** What a pod's runtime class adds to it: overhead, node selector, tolerations (plugin/pkg/admission/runtimeclass). */
import { ApiError } from '../../api/errors.ts';
import { cloneJson, semanticEqual } from '../../api/json.ts';
import type { Pod, PodSpec, RuntimeClass, Toleration } from '../../api/generated/types.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../registry/admission.ts';
import type { AdmissionDeps } from '../shared/deps.ts';
import { find, pathNameFault } from '../shared/read.ts';
import { isAbout, refuse } from '../shared/request.ts';
import { mergeTolerations } from './merge-tolerations.ts';

const runtimeClasses = { group: 'node.k8s.io', version: 'v1', resource: 'runtimeclasses' } as const;
const mismatch = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";

export function runtimeClass({ registry }: AdmissionDeps): AdmissionPlugin {
  return {
    name: 'RuntimeClass',
    changes: ['/pods'],
    mutate(request) {
      const spec = specOf(request);
      const name = spec?.runtimeClassName;
      return spec === undefined || name === undefined ? undefined : apply(request, spec, name);
    },
    validate(request) {
      const spec = specOf(request);
      return spec === undefined || (spec.runtimeClassName === undefined && spec.overhead === undefined) ? undefined : check(request, spec);
    },
  };

  async function classOf(request: AdmissionRequest, name: string): Promise<RuntimeClass> {
    // What upstream's client says before it asks.
    if (name === '') throw new ApiError('Unknown', 'resource name may not be empty');
    const fault = pathNameFault(name);
    if (fault !== undefined) throw new ApiError('Unknown', fault);
    const found = await find<RuntimeClass>(registry(), runtimeClasses, { name });
    if (found === undefined) throw refuse(request, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
    return found;
  }

  async function apply(request: AdmissionRequest, spec: PodSpec, name: string): Promise<void> {
    const { overhead, scheduling } = await classOf(request, name);
    if (overhead !== undefined) {
      const given = spec.overhead ?? {};
      if (Object.keys(given).length > 0 && !semanticEqual(given, overhead.podFixed)) throw refuse(request, mismatch);
      if (overhead.podFixed !== undefined) spec.overhead = cloneJson(overhead.podFixed);
    }
    if (scheduling === undefined) return;
    const selector = { ...spec.nodeSelector };
    for (const [key, value] of Object.entries(scheduling.nodeSelector ?? {})) {
      const given = selector[key];
      if (given !== undefined && given !== value) {
        throw refuse(
          request,
          `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${given}`,
        );
      }
      selector[key] = value;
    }
    if (Object.keys(selector).length > 0) spec.nodeSelector = selector;
    const tolerations: Toleration[] = mergeTolerations(spec.tolerations ?? [], scheduling.tolerations ?? []);
    if (tolerations.length > 0) spec.tolerations = cloneJson(tolerations);
  }

  async function check(request: AdmissionRequest, spec: PodSpec): Promise<void> {
    const { overhead } = spec.runtimeClassName === undefined ? { overhead: undefined } : await classOf(request, spec.runtimeClassName);
    if (overhead !== undefined) {
      if (!semanticEqual(overhead.podFixed, spec.overhead)) throw refuse(request, mismatch);
    } else if (spec.overhead !== undefined) {
      throw refuse(request, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
    }
  }
}

/** Of a pod that is being created. */
function specOf(request: AdmissionRequest): PodSpec | undefined {
  if (request.operation !== 'CREATE' || !isAbout(request, '', 'pods')) return undefined;
  return (request.object as unknown as Pod | undefined)?.spec;
}
