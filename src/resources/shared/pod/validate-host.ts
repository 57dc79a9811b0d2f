/** Rules between fields of a pod: its name on the host, its user namespace, variables that come out of files. */
import type { PodSpec } from '../../../api/generated/types.ts';
import { forbiddenField, invalid, notFoundField, tooLong, type FieldError, type Path } from '../../../api/field-errors.ts';
import { dns1123SubdomainFaults } from '../../../api/names.ts';
import { checked } from '../names.ts';
import { containersOf } from './containers.ts';

/** Linux takes no longer host name, in bytes. */
const maxHostname = 64;

/** validatePodHostName. */
export function hostnameOverrideErrors(spec: PodSpec, at: Path): FieldError[] {
  const { hostnameOverride, setHostnameAsFQDN, hostNetwork } = spec;
  if (hostnameOverride === undefined) return [];
  const own = at.child('hostnameOverride');
  return [
    ...(setHostnameAsFQDN === true ? [forbiddenField(own, 'may not be specified when setHostnameAsFQDN is true')] : []),
    ...(hostNetwork === true ? [forbiddenField(own, 'may not be specified when hostNetwork is true')] : []),
    ...(Buffer.byteLength(hostnameOverride) > maxHostname ? [tooLong(own, maxHostname)] : []),
    ...checked(own, hostnameOverride, dns1123SubdomainFaults),
  ];
}

/** validateHostUsers: a user namespace of its own goes with no other namespace of the host. */
export function hostUsersErrors(spec: PodSpec, at: Path): FieldError[] {
  if (spec.hostUsers !== false) return [];
  const forbidden = (own: Path): FieldError => forbiddenField(own, 'when `hostUsers` is false');
  return [
    ...(spec.hostNetwork === true ? [forbidden(at.child('hostNetwork'))] : []),
    ...(spec.hostPID === true ? [forbidden(at.child('HostPID'))] : []),
    ...(spec.hostIPC === true ? [forbidden(at.child('HostIPC'))] : []),
    ...containersOf(spec, at).flatMap(([{ volumeDevices = [] }, own]) =>
      volumeDevices.length > 0 ? [forbidden(own.child('volumeDevices'))] : [],
    ),
  ];
}

/** validateFileKeyRefVolumes: the file lies in an emptyDir of the pod. */
export function fileVolumeErrors(spec: PodSpec, at: Path): FieldError[] {
  const volumes = new Map((spec.volumes ?? []).map((volume) => [volume.name, volume]));
  return containersOf(spec, at).flatMap(([{ env = [] }, own]) =>
    env.flatMap(({ valueFrom }, index) => {
      const volumeName = valueFrom?.fileKeyRef?.volumeName;
      if (volumeName === undefined) return [];
      const named = own.child('env').index(index).child('valueFrom', 'fileKeyRef', 'volumeName');
      const volume = volumes.get(volumeName);
      if (volume === undefined) return [notFoundField(named, volumeName)];
      return volume.emptyDir === undefined ? [invalid(named, volumeName, 'referenced volume must be of type emptyDir')] : [];
    }),
  );
}
