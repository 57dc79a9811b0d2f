/** Which secrets a pod may use when its service account limits them (plugin/pkg/admission/serviceaccount). */
import type { Container, EphemeralContainer, PodSpec, ServiceAccount } from '../../api/generated/types.ts';

const enforceAnnotation = 'kubernetes.io/enforce-mountable-secrets';
const truths: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);

export function limitsSecrets(account: ServiceAccount): boolean {
  return truths.has(account.metadata?.annotations?.[enforceAnnotation] ?? '');
}

/** The first reference to a secret that the account does not name, as a sentence; undefined when there is none. */
export function secretFault(account: ServiceAccount, spec: PodSpec): string | undefined {
  const allowed = new Set((account.secrets ?? []).map(({ name }) => name));
  const blame = `is not allowed because service account ${account.metadata?.name ?? ''} does not reference that secret`;
  const volume = spec.volumes?.find(({ secret }) => secret !== undefined && !allowed.has(secret.secretName));
  if (volume !== undefined) return `volume with secret.secretName="${volume.secret?.secretName ?? ''}" ${blame}`;
  const found =
    containersFault(spec.initContainers ?? [], 'init container', { allowed, blame }) ??
    containersFault(spec.containers, 'container', { allowed, blame });
  return found ?? pullSecretFault(account, spec);
}

/** The same for ephemeral containers. */
export function ephemeralSecretFault(account: ServiceAccount, spec: PodSpec): string | undefined {
  const allowed = new Set((account.secrets ?? []).map(({ name }) => name));
  const blame = `is not allowed because service account ${account.metadata?.name ?? ''} does not reference that secret`;
  return containersFault(spec.ephemeralContainers ?? [], 'ephemeral container', { allowed, blame });
}

interface Rules {
  readonly allowed: ReadonlySet<string | undefined>;
  readonly blame: string;
}

function containersFault(
  containers: readonly (Container | EphemeralContainer)[],
  kind: string,
  { allowed, blame }: Rules,
): string | undefined {
  for (const { name, env = [], envFrom = [] } of containers) {
    for (const variable of env) {
      const secret = variable.valueFrom?.secretKeyRef;
      if (secret !== undefined && !allowed.has(secret.name)) {
        return `${kind} ${name} with envVar ${variable.name} referencing secret.secretName="${secret.name ?? ''}" ${blame}`;
      }
    }
    const source = envFrom.find(({ secretRef }) => secretRef !== undefined && !allowed.has(secretRef.name));
    if (source !== undefined)
      return `${kind} ${name} with envFrom referencing secret.secretName="${source.secretRef?.name ?? ''}" ${blame}`;
  }
  return undefined;
}

function pullSecretFault(account: ServiceAccount, spec: PodSpec): string | undefined {
  const allowed = new Set((account.imagePullSecrets ?? []).map(({ name }) => name));
  const secrets = spec.imagePullSecrets ?? [];
  const at = secrets.findIndex(({ name }) => !allowed.has(name));
  if (at < 0) return undefined;
  return `imagePullSecrets[${at}].name="${secrets[at]?.name ?? ''}" is not allowed because service account ${account.metadata?.name ?? ''} does not reference that imagePullSecret`;
}
