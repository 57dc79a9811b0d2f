/** The pods a Job makes: pkg/controller/job/{job_controller,indexed_job_utils}.go. Pure. */
import type { Container, Job, Pod, PodTemplateSpec } from '../../api/generated/types.ts';
import type { New } from '../../api/object.ts';
import { refs } from '../../client/refs.ts';
import { podFromTemplate } from '../shared/pod-control.ts';
import { judgeFailure } from './failure-policy.ts';
import {
  failureCount,
  failureCountName,
  ignoredFailureCount,
  ignoredFailureCountName,
  indexName,
  isIndexed,
  trackingFinalizer,
} from './pods.ts';

const indexVariable = 'JOB_COMPLETION_INDEX';
/** Names the server generates have 63 characters at most, five of them random. */
const maxGeneratedName = 58;

/** The Job's template with what every pod of it gets; made once for many pods. */
export function jobTemplate(job: Job): PodTemplateSpec {
  const template = structuredClone(job.spec.template);
  const finalizers = template.metadata?.finalizers ?? [];
  if (!finalizers.includes(trackingFinalizer)) template.metadata = { ...template.metadata, finalizers: [...finalizers, trackingFinalizer] };
  if (!isIndexed(job) || template.spec === undefined) return template;
  const { spec } = template;
  if (spec.initContainers !== undefined) spec.initContainers = spec.initContainers.map(withIndexVariable);
  spec.containers = spec.containers.map(withIndexVariable);
  return template;
}

function withIndexVariable(container: Container): Container {
  if (container.env?.some(({ name }) => name === indexVariable) === true) return container;
  const valueFrom = { fieldRef: { fieldPath: `metadata.labels['${indexName}']` } };
  return { ...container, env: [...(container.env ?? []), { name: indexVariable, valueFrom }] };
}

/** `template` is {@link jobTemplate}'s; `replaced` is the failed pod of the same index that this one takes on from. */
export function makePod(job: Job, template: PodTemplateSpec, index: number | undefined, replaced: Pod | undefined): New<Pod> {
  if (index === undefined) return podFromTemplate(template, job, refs.jobs);
  const { metadata = {}, spec } = template;
  const counts = job.spec.backoffLimitPerIndex === undefined ? {} : failureCounts(job, replaced);
  const indexed: PodTemplateSpec = {
    metadata: {
      ...metadata,
      annotations: { ...metadata.annotations, [indexName]: String(index), ...counts },
      labels: { ...metadata.labels, [indexName]: String(index) },
    },
    spec: { ...(spec ?? { containers: [] }), hostname: `${job.metadata.name}-${String(index)}` },
  };
  const pod = podFromTemplate(indexed, job, refs.jobs);
  const suffix = `-${String(index)}-`;
  pod.metadata.generateName = job.metadata.name.slice(0, maxGeneratedName - suffix.length) + suffix;
  return pod;
}

/** The index's failures so far, handed on from pod to pod. */
function failureCounts(job: Job, replaced: Pod | undefined): Record<string, string> {
  if (replaced === undefined) return { [failureCountName]: '0' };
  const { counts } = judgeFailure(job.spec.podFailurePolicy, replaced);
  const ignored = ignoredFailureCount(replaced) + (counts ? 0 : 1);
  return {
    [failureCountName]: String(failureCount(replaced) + (counts ? 1 : 0)),
    ...(ignored > 0 ? { [ignoredFailureCountName]: String(ignored) } : {}),
  };
}
