/** Containers as a pod's status tells of them, for what the runtime has forgotten; pure. */
import type { ContainerStatus, Pod } from '../../api/generated/types.ts';
import type { Container } from '../runtimes/runtime.ts';
import type { ContainerSpec } from './model.ts';
import { specHash } from './model.ts';

export function reportedStatuses({ status }: Pod): ContainerStatus[] {
  return [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? []), ...(status.ephemeralContainerStatuses ?? [])];
}

const unknownReason = 'ContainerStatusUnknown';

/** Of a container that was running when it was last heard of nothing more is known (kubelet_pods.go, ContainerStatusUnknown). */
export function unknownEnd(when: 'terminated' | 'deleted'): NonNullable<Container['end']> {
  const more = when === 'deleted' ? '.  The container used to be Running' : '';
  return { reason: unknownReason, message: `The container could not be located when the pod was ${when}${more}` };
}

/** Undefined when the status tells neither of a start nor of an end. */
export function containerOfStatus(pod: Pod, spec: ContainerSpec, reported: ContainerStatus): Container | undefined {
  const { terminated, running } = reported.state ?? {};
  if (terminated === undefined && running === undefined) return undefined;
  const { reason = '', message = '' } = terminated ?? {};
  // Times that nobody knew are null.
  const at = (time: string | null | undefined): number => Date.parse(time ?? '') || 0;
  const startedAt = at(terminated?.startedAt ?? running?.startedAt);
  return {
    id: (reported.containerID ?? '').replace(/^.*:\/\//, ''),
    sandboxId: '',
    pod: { namespace: pod.metadata.namespace ?? '', name: pod.metadata.name, uid: pod.metadata.uid },
    name: reported.name,
    kind: spec.role === 'init' ? 'init' : spec.role === 'ephemeral' ? 'ephemeral' : 'main',
    restartCount: reported.restartCount,
    specHash: specHash(spec),
    state: 'exited',
    pid: 0,
    createdAt: startedAt,
    startedAt,
    finishedAt: at(terminated?.finishedAt),
    exitCode: terminated?.exitCode ?? 137,
    oomKilled: reason === 'OOMKilled',
    startError: reason === 'StartError' ? message : '',
    ...(terminated === undefined ? { end: unknownEnd('deleted') } : reason === unknownReason ? { end: { reason, message } } : {}),
    image: reported.image,
    imageID: reported.imageID,
    terminationLog: '',
    tty: false,
    stdin: false,
  };
}
