import { cloneJson } from '../../../api/json.ts';
import type { Service } from '../../../api/generated/types.ts';
import type { FieldError } from '../../../api/field-errors.ts';
import { define } from '../../../registry/definition.ts';
import type { ResourceDefinition, Strategy } from '../../../registry/definition.ts';
import type { ResourceDeps } from '../../deps.ts';
import { age, formatLabels, name, text, wide } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { ServiceAllocation } from './allocation.ts';
import { dropForType, externallyAccessible, fillFamilies, keepAllocated, normalizeClusterIPs, type Spec } from './families.ts';
import { clusterIPErrors, validateService, validateServiceUpdate } from './validation.ts';
import { labelName } from '../../../api/names.ts';
import { serviceWarnings, validateServiceStatus } from './status.ts';

export function services(deps: ResourceDeps): ResourceDefinition {
  return define<Service>({
    ...fromFacts('', 'v1', 'services'),
    strategy: serviceStrategy(new ServiceAllocation(deps)),
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

function serviceStrategy(allocation: ServiceAllocation): Strategy<Service> {
  // What was found wrong while families were filled in; upstream does that before validation and reports nothing else then.
  const faults = new WeakMap<Service, FieldError[]>();
  const early = (spec: Spec, old: Spec | undefined): FieldError[] => {
    const wrong = clusterIPErrors(spec, old);
    return wrong.length > 0 ? wrong : fillFamilies(spec, old, allocation.families);
  };
  return {
    default: defaultService,
    prepareForCreate(service) {
      service.status = { loadBalancer: {} };
      normalizeClusterIPs(service.spec, undefined);
      faults.set(service, early(service.spec, undefined));
    },
    prepareForUpdate(service, old) {
      service.status = cloneJson(old.status);
      normalizeClusterIPs(service.spec, old.spec);
      keepAllocated(service.spec, old.spec);
      dropForType(service, old);
      faults.set(service, early(service.spec, old.spec));
    },
    validate: (service) => first(faults.get(service), () => validateService(service, undefined)),
    namesOnCreateOnly: true,
    validateUpdate: (service, old) => first(faults.get(service), () => validateServiceUpdate(service, old)),
    validateStatusUpdate: validateServiceStatus,
    warnings: serviceWarnings,
    validateName: labelName,
    allowCreateOnUpdate: true,
    beginCreate: (service, { dryRun }) => allocation.create(service, dryRun),
    beginUpdate: (service, old, { dryRun }) => allocation.update(service, { old, dryRun }),
    afterDelete: (service) => allocation.release(service),
  };
}

function first(early: FieldError[] | undefined, rest: () => FieldError[]): FieldError[] {
  return early !== undefined && early.length > 0 ? early : rest();
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
  if (spec.type === 'ExternalName') delete spec.internalTrafficPolicy;
  else spec.internalTrafficPolicy ??= 'Cluster';
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
