/**
 * The internal types of Kubernetes: what validation works on, and so what its texts show when a value is no scalar (field names
 * of Go, in the order of their declaration, empty ones too).
 */
import { join } from 'node:path';
import { goSource } from './modules.ts';

/** A field as `GoName TYPE` or, with a JSON tag, `GoName:jsonName[,omitempty] TYPE`; an embedded struct as `TYPE`. */
export type InternalTypes = Record<string, readonly string[]>;

const packages = [
  'core',
  'apps',
  'batch',
  'autoscaling',
  'networking',
  'policy',
  'storage',
  'discovery',
  'flowcontrol',
  'resource',
  'certificates',
  'admissionregistration',
  'rbac',
  'node',
  'coordination',
];

/** Structs that validation texts show, and what they hold. */
const shown = [
  'core.PodTemplateSpec',
  'core.PersistentVolumeSpec',
  'core.PersistentVolumeClaimSpec',
  'core.PersistentVolumeClaimTemplate',
  'core.ServiceSpec',
  'core.ObjectReference',
  'core.NodeSpec',
  'core.NodeStatus',
  'core.Taint',
  'core.EndpointSubset',
  'core.LimitRangeSpec',
  'core.ResourceQuotaSpec',
  'core.ScopedResourceSelectorRequirement',
  'core.EventSource',
  'core.EventSeries',
  'apps.DeploymentSpec',
  'apps.StatefulSetSpec',
  'apps.DaemonSetSpec',
  'apps.ReplicaSetSpec',
  'batch.JobSpec',
  'batch.JobStatus',
  'batch.CronJobSpec',
  'autoscaling.HorizontalPodAutoscalerSpec',
  'networking.IngressSpec',
  'networking.IngressClassSpec',
  'networking.NetworkPolicySpec',
  'networking.IPAddressSpec',
  'networking.ServiceCIDRSpec',
  'policy.PodDisruptionBudgetSpec',
  'storage.VolumeAttachmentSpec',
  'storage.CSIDriverSpec',
  'storage.CSINodeSpec',
  'storage.StorageClass',
  'discovery.Endpoint',
  'discovery.EndpointPort',
  'flowcontrol.FlowSchemaSpec',
  'flowcontrol.PriorityLevelConfigurationSpec',
  'resource.ResourceClaimSpec',
  'resource.ResourceClaimStatus',
  'resource.ResourceClaimTemplateSpec',
  'resource.ResourceSliceSpec',
  'resource.DeviceClassSpec',
  'certificates.CertificateSigningRequestSpec',
  'certificates.CertificateSigningRequestCondition',
  'admissionregistration.RuleWithOperations',
  'rbac.RoleRef',
  'rbac.Subject',
];

export function readInternalTypes(kubernetes: string): InternalTypes {
  const structs = new Map<string, readonly string[]>();
  const named = new Map<string, string>();
  for (const name of packages) readPackage(join(kubernetes, 'pkg/apis', name), name, { structs, named });
  const found: Record<string, readonly string[]> = {};
  const queue = [...shown];
  for (let type = queue.shift(); type !== undefined; type = queue.shift()) {
    const fields = structs.get(type);
    if (fields === undefined) continue;
    if (type in found) continue;
    const plain = fields.map((line) => line.replace(/[\w.]+$/, (last) => resolved(last, named)));
    found[type] = plain;
    queue.push(...plain.map((line) => /([\w.]+)$/.exec(line)?.[1] ?? ''));
  }
  return Object.fromEntries(Object.entries(found).sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** A named type that is no struct as what it is. */
function resolved(type: string, named: ReadonlyMap<string, string>): string {
  const inner = named.get(type);
  return inner === undefined ? type : inner.replace(/[\w.]+$/, (last) => (last === type ? last : resolved(last, named)));
}

interface Found {
  readonly structs: Map<string, readonly string[]>;
  readonly named: Map<string, string>;
}

function readPackage(dir: string, name: string, { structs, named }: Found): void {
  const source = goSource(dir);
  const imports = new Map(
    [...source.matchAll(/^\t(?:(\w+) )?"(k8s\.io\/[\w./-]+)"/gm)].map(([, alias, path = '']) => [
      alias ?? path.split('/').at(-1) ?? '',
      path,
    ]),
  );
  const qualified = (type: string): string =>
    type.replace(/(?:(\w+)\.)?(\w+)$/, (whole, alias: string | undefined, last: string) => {
      if (alias !== undefined) return `${packageName(imports.get(alias) ?? alias)}.${last}`;
      return /^[A-Z]/.test(last) ? `${name}.${last}` : whole;
    });
  for (const [, type = '', body = ''] of source.matchAll(/^type (\w+) struct \{\n([\s\S]*?)^\}/gm)) {
    const fields = body.split('\n').flatMap((line) => fieldOf(line, qualified));
    structs.set(`${name}.${type}`, fields);
  }
  for (const [, type = '', of = ''] of source.matchAll(/^type (\w+) (string|u?int\d*|bool|\[\][\w.]+|map\[[\w.]+\][\w.]+|\w+\.\w+)$/gm)) {
    named.set(`${name}.${type}`, qualified(of));
  }
}

function fieldOf(line: string, qualified: (type: string) => string): string[] {
  const code = line.replace(/\/\/.*$/, '').trimEnd();
  const embedded = /^\t([A-Za-z][\w.]*)$/.exec(code)?.[1];
  if (embedded !== undefined) return [qualified(embedded)];
  const [, field, type = '', tag] = /^\t([A-Z]\w*)\s+([^\s`]+)(?:\s+`json:"([^"]*)"`)?$/.exec(code) ?? [];
  if (field === undefined) return [];
  return [`${field}${tag === undefined ? '' : `:${tag}`} ${qualified(type)}`];
}

/** Upstream's own alias for what is imported under many. */
function packageName(path: string): string {
  const last = path.split('/').at(-1) ?? '';
  if (path.endsWith('apis/meta/v1')) return 'metav1';
  return last === 'v1' ? (path.split('/').at(-2) ?? '') : last;
}
