/** Pods out of files, made complete and checked as the API server would (pkg/kubelet/config/common.go). */
import type { Pod, PodSpec } from '../api/generated/types.ts';
import { decodeValue } from '../api/schema/decode.ts';
import { schemaOfKind } from '../api/schema/facts.ts';
import { parseYaml } from '../api/yaml.ts';
import { defaultWholePod } from '../resources/core/pods/strategy.ts';
import { validateNewPod } from '../resources/shared/pod/validate-pod.ts';
import { qosClass } from '../resources/shared/pod/qos.ts';

/** The pod of a YAML or JSON text. Throws with the reason why it is none. */
export function podFromManifest(text: string): Pod {
  const value = parseYaml(text);
  const { kind, apiVersion } = (value ?? {}) as { kind?: unknown; apiVersion?: unknown };
  const schema = schemaOfKind('', 'v1', 'Pod');
  if (kind !== 'Pod' || apiVersion !== 'v1' || schema === undefined) throw new Error(`invalid pod: ${String(apiVersion)} ${String(kind)}`);
  const decoded = decodeValue(value, schema, { mode: 'Ignore' });
  if (decoded.error !== undefined) throw new Error(`invalid pod: ${String(decoded.error)}`);
  const pod = decoded.value as unknown as Pod & { kind?: string; apiVersion?: string };
  delete pod.kind;
  delete pod.apiVersion;
  if ((pod.metadata.name ?? '') === '') throw new Error('invalid pod: name is needed for the pod');
  pod.metadata.namespace ??= 'default';
  defaultWholePod(pod);
  pod.status = { phase: 'Pending', qosClass: qosClass(pod.spec) };
  const faults = [...validateNewPod(pod)].map(({ field, body }) => `${field}: ${body}`);
  if (faults.length > 0) throw new Error(`invalid pod: [${faults.join(', ')}]`);
  const named = namedObject(pod.spec);
  if (named !== undefined) throw new Error(`static pods may not reference ${named}`);
  return pod;
}

/** Nobody can give a file's pod what lies in the API (api/v1/pod, HasAPIObjectReference). */
function namedObject({
  serviceAccountName,
  containers,
  initContainers = [],
  volumes = [],
  resourceClaims,
  imagePullSecrets,
}: PodSpec): string | undefined {
  if ((serviceAccountName ?? '') !== '') return 'serviceaccounts';
  if ((imagePullSecrets ?? []).length > 0) return 'secrets';
  if ((resourceClaims ?? []).length > 0) return 'resourceclaims';
  for (const { env = [], envFrom = [] } of [...containers, ...initContainers]) {
    if (env.some(({ valueFrom }) => valueFrom?.secretKeyRef !== undefined) || envFrom.some((one) => one.secretRef !== undefined))
      return 'secrets';
    if (env.some(({ valueFrom }) => valueFrom?.configMapKeyRef !== undefined) || envFrom.some((one) => one.configMapRef !== undefined))
      return 'configmaps';
  }
  for (const volume of volumes) {
    const sources = volume.projected?.sources ?? [];
    if (volume.secret !== undefined || sources.some((one) => one.secret !== undefined)) return 'secrets';
    if (volume.configMap !== undefined || sources.some((one) => one.configMap !== undefined)) return 'configmaps';
    if (sources.some((one) => one.serviceAccountToken !== undefined)) return 'serviceaccounts';
    if (sources.some((one) => one.clusterTrustBundle !== undefined)) return 'clustertrustbundles';
    if (volume.persistentVolumeClaim !== undefined || volume.ephemeral !== undefined) return 'persistentvolumeclaims';
  }
  return undefined;
}
