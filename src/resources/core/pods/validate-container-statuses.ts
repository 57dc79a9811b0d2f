/** What may be reported of a pod's containers: ValidateContainerStateTransition and its relatives in pkg/apis/core/validation. */
import type { Container, ContainerStatus, Pod, PodSpec } from '../../../api/generated/types.ts';
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalid,
  notSupported,
  type Path,
  path,
  required,
  tooLong,
} from '../../../api/field-errors.ts';
import { userIdFaults } from '../../../api/names.ts';

const at = path('status');
const lists = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const;
const healths = ['Healthy', 'Unhealthy', 'Unknown'];
const longestMessage = 1024;

type Resources = NonNullable<ContainerStatus['allocatedResourcesStatus']>[number];

/** A container that has ended stays so, unless its rules let it start again. */
export function transitionErrors({ status }: Pod, { status: old, spec }: Pod): FieldError[] {
  const anyRestarts = [...(spec.initContainers ?? []), ...spec.containers].some(({ restartPolicyRules = [] }) =>
    restartPolicyRules.some(({ action }) => action === 'RestartAllContainers'),
  );
  const mayRestart = (containers: readonly Container[]) => {
    return (name: string, exitCode: number): boolean => {
      const container = containers.find((candidate) => candidate.name === name);
      return anyRestarts || (container !== undefined && shouldRestart(container, spec, exitCode));
    };
  };
  const rules = [mayRestart(spec.containers), mayRestart(spec.initContainers ?? []), (): boolean => false];
  return lists.flatMap((field, place) => {
    const now = new Map((status[field] ?? []).toReversed().map((one) => [one.name, one]));
    return (old[field] ?? []).flatMap(({ name, state }, index) => {
      const next = now.get(name);
      const ended = state?.terminated;
      if (ended === undefined || next === undefined || next.state?.terminated !== undefined) return [];
      const again = rules[place]?.(name, ended.exitCode) ?? false;
      return again ? [] : [forbiddenField(at.child(field).index(index).child('state'), 'may not be transitioned to non-terminated state')];
    });
  });
}

/** ContainerShouldRestart of pkg/api/v1/pod. */
function shouldRestart({ restartPolicy, restartPolicyRules = [] }: Container, spec: PodSpec, exitCode: number): boolean {
  if (restartPolicy !== undefined) {
    const rule = restartPolicyRules.find(({ exitCodes }) => {
      if (exitCodes === undefined) return false;
      const listed = (exitCodes.values ?? []).includes(exitCode);
      return exitCodes.operator === 'In' ? listed : exitCodes.operator === 'NotIn' && !listed;
    });
    if (rule?.action === 'Restart' || rule?.action === 'RestartAllContainers') return true;
  }
  const policy = ['Always', 'OnFailure', 'Never'].find((known) => known === restartPolicy) ?? spec.restartPolicy;
  return policy === 'OnFailure' ? exitCode !== 0 : policy !== 'Never';
}

export function userErrors({ spec, status }: Pod): FieldError[] {
  const system = spec.os?.name ?? 'linux';
  return lists.flatMap((field) =>
    (status[field] ?? []).flatMap(({ user }, index) => {
      if (user?.linux === undefined) return [];
      const own = at.child(field).index(index).child('user', 'linux');
      if (system === 'windows') return [forbiddenField(own, 'cannot be set for a windows pod')];
      if (system !== 'linux') return [];
      const { uid, gid, supplementalGroups = [] } = user.linux;
      const fault = (id: number, place: Path): FieldError[] => userIdFaults(id).map((why) => invalid(place, id, why));
      return [
        ...fault(uid, own.child('uid')),
        ...fault(gid, own.child('gid')),
        ...supplementalGroups.flatMap((group, place) => fault(group, own.child('supplementalGroups').index(place))),
      ];
    }),
  );
}

/** What devices are said to be in use, and how they are. */
export function allocatedErrors({ spec, status }: Pod): FieldError[] {
  const containers = { containerStatuses: spec.containers, initContainerStatuses: spec.initContainers ?? [] };
  const faults = (['containerStatuses', 'initContainerStatuses'] as const).flatMap((field) =>
    (status[field] ?? []).flatMap(({ name, allocatedResourcesStatus = [] }, index) => {
      const own = at.child(field).index(index).child('allocatedResourcesStatus');
      const container = containers[field].find((candidate) => candidate.name === name);
      return allocatedResourcesStatus.flatMap((one, place) => [
        ...(container === undefined ? [] : allocatedNameErrors(one.name, container, own.index(place).child('name'))),
        ...healthErrors(one.resources ?? [], own.index(place).child('resources')),
      ]);
    }),
  );
  const surplus = (status.ephemeralContainerStatuses ?? []).flatMap(({ allocatedResourcesStatus = [] }, index) => {
    const own = at.child('ephemeralContainerStatuses').index(index).child('allocatedResourcesStatus');
    return allocatedResourcesStatus.length === 0 ? [] : [forbiddenField(own, 'must not be specified in container status')];
  });
  return [...faults, ...surplus];
}

function allocatedNameErrors(name: string, { resources }: Container, own: Path): FieldError[] {
  if (!name.startsWith('claim:'))
    return Object.hasOwn(resources?.requests ?? {}, name)
      ? []
      : [invalid(own, name, "must match one of the container's resource requests")];
  const claims = (resources?.claims ?? []).map(
    (claim) => `claim:${claim.name}${(claim.request ?? '') === '' ? '' : `/${claim.request ?? ''}`}`,
  );
  const form = "'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty";
  return claims.includes(name) ? [] : [invalid(own, name, `must match one of the container's resource claims in a format ${form}`)];
}

function healthErrors(resources: NonNullable<Resources['resources']>, own: Path): FieldError[] {
  return resources.flatMap(({ health = '', message, resourceID }, index) => {
    const place = own.index(index);
    const faults: FieldError[] = [];
    if (!healths.includes(health)) faults.push(notSupported(place.child('health'), health, healths));
    if (message === '') faults.push(required(place.child('message'), 'must be non-empty if specified'));
    else if (Buffer.byteLength(message ?? '') > longestMessage) faults.push(tooLong(place.child('message'), longestMessage));
    if (resources.findIndex((other) => other.resourceID === resourceID) < index)
      faults.push(duplicate(place.child('resourceID'), resourceID));
    return faults;
  });
}
