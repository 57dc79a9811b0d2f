/** The volume with a service account's token, and its mounts (plugin/pkg/admission/serviceaccount). */
import type { Container, PodSpec, Volume } from '../../api/generated/types.ts';

const volumePrefix = 'kube-api-access-';
const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
/** An hour, and the seconds by which upstream tells its own tokens from those asked for. */
const expirationSeconds = 3607;

/** Adds the volume, unless there is one already, and mounts it into every container that has nothing at its place. */
export function mountToken(spec: PodSpec, generateName: (base: string) => string): void {
  const existing = spec.volumes?.find(({ name }) => name.startsWith(volumePrefix))?.name;
  const name = existing ?? generateName(volumePrefix);
  const bare = [...(spec.initContainers ?? []), ...spec.containers].filter((container) => !hasMount(container));
  for (const container of bare) container.volumeMounts = [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath }];
  if (existing === undefined && bare.length > 0) spec.volumes = [...(spec.volumes ?? []), tokenVolume(name)];
}

function hasMount({ volumeMounts = [] }: Container): boolean {
  return volumeMounts.some((mount) => mount.mountPath === mountPath);
}

function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
      ],
      defaultMode: 0o644,
    },
  };
}
