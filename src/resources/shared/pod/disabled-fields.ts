/** The part of pkg/api/pod/util.go (dropDisabledFields) whose gates are off in 1.36. */
import type {
  Container,
  ContainerStatus,
  EphemeralContainer,
  Pod,
  PodSpec,
  PodTemplateSpec,
  Volume,
} from '../../../api/generated/types.ts';
import type { Strategy } from '../../../registry/definition.ts';
import { withoutDisabled } from '../disabled-fields.ts';

type Sources = NonNullable<NonNullable<Volume['projected']>['sources']>;
type Source = Sources[number];

const gatedSources = ['clusterTrustBundle', 'podCertificate'] as const satisfies readonly (keyof Source)[];

/** Changes `spec`. */
export function dropDisabledPodFields(spec: PodSpec, old: PodSpec | undefined): void {
  if (old?.schedulingGroup === undefined) delete spec.schedulingGroup;
  for (const field of gatedSources) if (!sourcesOf(old).some((source) => source[field] !== undefined)) dropSource(spec, field);
  if (!containers(old).some(({ lifecycle }) => lifecycle?.stopSignal !== undefined))
    for (const each of containers(spec)) dropStopSignal(each);
}

/** Changes `status`. */
export function dropDisabledStatusFields(status: Pod['status'], old: Pod['status']): void {
  if ((old.nodeAllocatableResourceClaimStatuses ?? []).length === 0) delete status.nodeAllocatableResourceClaimStatuses;
  const mounts = (from: Pod['status']) => statuses(from).flatMap(({ volumeMounts }) => volumeMounts ?? []);
  if (!mounts(old).some(({ volumeStatus }) => volumeStatus !== undefined)) for (const mount of mounts(status)) delete mount.volumeStatus;
}

function statuses({ containerStatuses, initContainerStatuses, ephemeralContainerStatuses }: Pod['status']): ContainerStatus[] {
  return [...(containerStatuses ?? []), ...(initContainerStatuses ?? []), ...(ephemeralContainerStatuses ?? [])];
}

/** For kinds that make pods of a template. */
export function withoutDisabledInTemplate<T>(templateOf: (object: T) => PodTemplateSpec | undefined): Strategy<T> {
  return withoutDisabled<T>((object, old) => {
    const spec = templateOf(object)?.spec;
    if (spec !== undefined) dropDisabledPodFields(spec, old === undefined ? undefined : templateOf(old)?.spec);
  });
}

function containers(spec: PodSpec | undefined): (Container | EphemeralContainer)[] {
  return [...(spec?.initContainers ?? []), ...(spec?.containers ?? []), ...(spec?.ephemeralContainers ?? [])];
}

function sourcesOf(spec: PodSpec | undefined): Sources {
  return (spec?.volumes ?? []).flatMap(({ projected }) => projected?.sources ?? []);
}

function dropSource(spec: PodSpec, field: (typeof gatedSources)[number]): void {
  for (const source of sourcesOf(spec)) delete source[field];
}

function dropStopSignal(container: Container | EphemeralContainer): void {
  if (container.lifecycle?.stopSignal === undefined) return;
  delete container.lifecycle.stopSignal;
  if (Object.keys(container.lifecycle).length === 0) delete container.lifecycle;
}
