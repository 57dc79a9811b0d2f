import { cloneJson } from '../../../api/json.ts';
import type { Service } from '../../../api/generated/types.ts';
import { invalidObject } from '../../../api/field-errors.ts';
import { systemUser } from '../../../registry/context.ts';
import { define } from '../../../registry/definition.ts';
import type { ResourceDefinition, Strategy } from '../../../registry/definition.ts';
import type { ResourceDeps } from '../../deps.ts';
import { age, formatLabels, name, text, wide } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { balancerWarnings } from '../../shared/load-balancer.ts';
import { ServiceAllocation } from './allocation.ts';
import {
  dropForType,
  externallyAccessible,
  fillFamilies,
  keepAllocated,
  keepsPreferred,
  needsClusterIP,
  normalizeClusterIPs,
} from './families.ts';
import type { Family } from '../../shared/ip.ts';
import { clusterIPErrors, validateService, validateServiceUpdate } from './validation.ts';
import { labelName } from '../../../api/names.ts';
import { serviceWarnings, validateServiceStatus } from './status.ts';

export function services(deps: ResourceDeps): ResourceDefinition {
  return define<Service>({
    ...fromFacts('', 'v1', 'services'),
    strategy: serviceStrategy(deps),
    selectableFields: { 'spec.clusterIP': ({ spec }) => spec.clusterIP ?? '', 'spec.type': ({ spec }) => spec.type ?? '' },
    columns: [
      name,
      text('Type', ({ spec }) => spec.type ?? ''),
      text('Cluster-IP', ({ spec }) => spec.clusterIPs?.[0] ?? '<none>'),
      text('External-IP', externalIP),
      text('Port(s)', ports),
      age,
      wide('Selector', ({ spec }) => formatLabels(spec.selector)),
    ],
  });
}

function serviceStrategy(deps: ResourceDeps): Strategy<Service> {
  const allocation = new ServiceAllocation(deps);
  return {
    default: defaultService,
    prepareForCreate(service) {
      service.status = { loadBalancer: {} };
      dropUnused(service);
    },
    prepareForUpdate(service, old) {
      service.status = cloneJson(old.status);
      dropForType(service, old);
      dropUnused(service);
    },
    validate: (service) => validateService(service, undefined),
    namesOnCreateOnly: true,
    validateUpdate: validateServiceUpdate,
    validateStatusUpdate: validateServiceStatus,
    warnings: serviceWarnings,
    statusWarnings: ({ status }) => balancerWarnings(status.loadBalancer?.ingress),
    validateName: labelName,
    allowCreateOnUpdate: true,
    beginCreate(service, { dryRun }) {
      normalizeClusterIPs(service.spec, undefined);
      fillFamiliesOrFail(service, undefined, allocation.families);
      return allocation.create(service, dryRun);
    },
    beginUpdate(service, old, { dryRun }) {
      keepAllocated(service.spec, old.spec);
      normalizeClusterIPs(service.spec, old.spec);
      fillFamiliesOrFail(service, old, allocation.families);
      return allocation.update(service, { old, dryRun });
    },
    async afterDelete(service) {
      await Promise.all([deleteEndpoints(deps, service), allocation.release(service)]);
    },
  };
}

/** Upstream speaks of these faults before it looks at the rest of the object. */
function fillFamiliesOrFail(service: Service, old: Service | undefined, families: readonly Family[]): void {
  const { spec } = service;
  const kept = old !== undefined && keepsPreferred(spec, old.spec);
  const clashing = kept ? [] : clusterIPErrors(spec, old?.spec);
  const wrong = clashing.length > 0 ? clashing : fillFamilies(spec, old?.spec, families);
  if (wrong.length > 0) throw invalidObject({ group: '', kind: 'Service' }, service.metadata.name, wrong);
}

/** Upstream keeps what an ExternalName has no use for and never shows it. What is wrong is told all the same. */
function dropUnused({ spec }: Service): void {
  const { internalTrafficPolicy: policy } = spec;
  if (spec.type === 'ExternalName' && (policy === 'Cluster' || policy === 'Local')) delete spec.internalTrafficPolicy;
}

/** A Service that comes again under the same name shall not find the old one's. */
async function deleteEndpoints(deps: ResourceDeps, { metadata }: Service): Promise<void> {
  const context = { user: systemUser('apiserver'), warn: () => undefined };
  await deps
    .stores('', 'v1', 'endpoints')
    ?.delete(metadata.namespace ?? '', metadata.name, {}, context)
    .catch(() => undefined);
}

/** SetDefaults_Service. */
export function defaultService({ spec, status }: Service): void {
  spec.sessionAffinity ||= 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === 'ClientIP' && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined) {
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: 10_800 } };
  }
  spec.type ||= 'ClusterIP';
  for (const port of spec.ports ?? []) {
    port.protocol ||= 'TCP';
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port;
  }
  if (externallyAccessible(spec)) spec.externalTrafficPolicy ||= 'Cluster';
  if (needsClusterIP(spec)) spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type !== 'LoadBalancer') return;
  spec.allocateLoadBalancerNodePorts ??= true;
  for (const ingress of status?.loadBalancer?.ingress ?? []) if ((ingress.ip ?? '') !== '') ingress.ipMode ??= 'VIP';
}

function externalIP({ spec, status }: Service): string {
  const external = spec.externalIPs ?? [];
  if (spec.type === 'ExternalName') return spec.externalName ?? '';
  if (spec.type !== 'LoadBalancer') return external.length === 0 ? '<none>' : external.join(',');
  const balancers = [
    ...new Set((status.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ((ip ?? '') === '' ? (hostname ?? '') : (ip ?? '')))),
  ];
  const all = [...balancers.filter((address) => address !== '').sort(), ...external];
  return all.length === 0 ? '<pending>' : all.join(',');
}

function ports({ spec }: Service): string {
  const shown = (spec.ports ?? []).map(({ port, nodePort, protocol }) =>
    (nodePort ?? 0) > 0 ? `${String(port)}:${String(nodePort)}/${protocol ?? ''}` : `${String(port)}/${protocol ?? ''}`,
  );
  return shown.length === 0 ? '<none>' : shown.join(',');
}
