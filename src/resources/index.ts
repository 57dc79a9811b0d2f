/** Every built-in kind, in the order discovery shows them. A test fails when a folder is missing here. */
import { schemaFor } from '../api/schema/facts.ts';
import type { ResourceDefinition } from '../registry/definition.ts';
import type { ResourceDeps } from './deps.ts';
import { GoForm } from './shared/go-form.ts';
import { apiservices } from './apiregistration/apiservices/definition.ts';
import { bindings } from './core/bindings/definition.ts';
import { certificatesigningrequests } from './certificates/certificatesigningrequests/definition.ts';
import { clusterrolebindings } from './rbac/clusterrolebindings/definition.ts';
import { clusterroles } from './rbac/clusterroles/definition.ts';
import { componentstatuses } from './core/componentstatuses/definition.ts';
import { configmaps } from './core/configmaps/definition.ts';
import { controllerrevisions } from './apps/controllerrevisions/definition.ts';
import { cronjobs } from './batch/cronjobs/definition.ts';
import { csidrivers } from './storage/csidrivers/definition.ts';
import { csinodes } from './storage/csinodes/definition.ts';
import { csistoragecapacities } from './storage/csistoragecapacities/definition.ts';
import { customresourcedefinitions } from './apiextensions/customresourcedefinitions/definition.ts';
import { daemonsets } from './apps/daemonsets/definition.ts';
import { deployments } from './apps/deployments/definition.ts';
import { deviceclasses } from './resource/deviceclasses/definition.ts';
import { endpoints } from './core/endpoints/definition.ts';
import { endpointslices } from './discovery/endpointslices/definition.ts';
import { events } from './core/events/definition.ts';
import { eventsK8s } from './events/events/definition.ts';
import { flowschemas } from './flowcontrol/flowschemas/definition.ts';
import { horizontalpodautoscalers } from './autoscaling/horizontalpodautoscalers/definition.ts';
import { horizontalpodautoscalersV1 } from './autoscaling/horizontalpodautoscalers-v1/definition.ts';
import { ingressclasses } from './networking/ingressclasses/definition.ts';
import { ingresses } from './networking/ingresses/definition.ts';
import { ipaddresses } from './networking/ipaddresses/definition.ts';
import { jobs } from './batch/jobs/definition.ts';
import { leases } from './coordination/leases/definition.ts';
import { limitranges } from './core/limitranges/definition.ts';
import { localsubjectaccessreviews } from './authorization/localsubjectaccessreviews/definition.ts';
import { mutatingadmissionpolicies } from './admissionregistration/mutatingadmissionpolicies/definition.ts';
import { mutatingadmissionpolicybindings } from './admissionregistration/mutatingadmissionpolicybindings/definition.ts';
import { mutatingwebhookconfigurations } from './admissionregistration/mutatingwebhookconfigurations/definition.ts';
import { namespaces } from './core/namespaces/definition.ts';
import { networkpolicies } from './networking/networkpolicies/definition.ts';
import { nodes } from './core/nodes/definition.ts';
import { persistentvolumeclaims } from './core/persistentvolumeclaims/definition.ts';
import { persistentvolumes } from './core/persistentvolumes/definition.ts';
import { poddisruptionbudgets } from './policy/poddisruptionbudgets/definition.ts';
import { pods } from './core/pods/definition.ts';
import { podtemplates } from './core/podtemplates/definition.ts';
import { priorityclasses } from './scheduling/priorityclasses/definition.ts';
import { prioritylevelconfigurations } from './flowcontrol/prioritylevelconfigurations/definition.ts';
import { replicasets } from './apps/replicasets/definition.ts';
import { replicationcontrollers } from './core/replicationcontrollers/definition.ts';
import { resourceclaims } from './resource/resourceclaims/definition.ts';
import { resourceclaimtemplates } from './resource/resourceclaimtemplates/definition.ts';
import { resourcequotas } from './core/resourcequotas/definition.ts';
import { resourceslices } from './resource/resourceslices/definition.ts';
import { rolebindings } from './rbac/rolebindings/definition.ts';
import { roles } from './rbac/roles/definition.ts';
import { runtimeclasses } from './node/runtimeclasses/definition.ts';
import { secrets } from './core/secrets/definition.ts';
import { selfsubjectaccessreviews } from './authorization/selfsubjectaccessreviews/definition.ts';
import { selfsubjectreviews } from './authentication/selfsubjectreviews/definition.ts';
import { selfsubjectrulesreviews } from './authorization/selfsubjectrulesreviews/definition.ts';
import { serviceaccounts } from './core/serviceaccounts/definition.ts';
import { servicecidrs } from './networking/servicecidrs/definition.ts';
import { services } from './core/services/definition.ts';
import { statefulsets } from './apps/statefulsets/definition.ts';
import { storageclasses } from './storage/storageclasses/definition.ts';
import { subjectaccessreviews } from './authorization/subjectaccessreviews/definition.ts';
import { tokenreviews } from './authentication/tokenreviews/definition.ts';
import { validatingadmissionpolicies } from './admissionregistration/validatingadmissionpolicies/definition.ts';
import { validatingadmissionpolicybindings } from './admissionregistration/validatingadmissionpolicybindings/definition.ts';
import { validatingwebhookconfigurations } from './admissionregistration/validatingwebhookconfigurations/definition.ts';
import { volumeattachments } from './storage/volumeattachments/definition.ts';
import { volumeattributesclasses } from './storage/volumeattributesclasses/definition.ts';

export function builtinResources(deps: ResourceDeps): readonly ResourceDefinition[] {
  const form = new GoForm();
  return allKinds(deps).map((definition) => inGoForm(definition, form));
}

/** Every write is brought into the form of Go's structs before its kind's own defaults. */
function inGoForm(definition: ResourceDefinition, form: GoForm): ResourceDefinition {
  const schema = schemaFor(definition.schema);
  if (schema === undefined) throw new Error(`no schema of ${definition.schema}`);
  return {
    ...definition,
    strategy: {
      ...definition.strategy,
      default(object) {
        form.apply(object, schema);
        definition.strategy.default?.(object);
      },
    },
  };
}

function allKinds(deps: ResourceDeps): readonly ResourceDefinition[] {
  return [
    bindings(deps),
    componentstatuses,
    configmaps,
    endpoints,
    events,
    limitranges,
    namespaces,
    nodes,
    persistentvolumeclaims,
    persistentvolumes(deps),
    pods(deps),
    podtemplates,
    replicationcontrollers,
    resourcequotas,
    secrets,
    serviceaccounts(deps),
    services(deps),
    mutatingadmissionpolicies,
    mutatingadmissionpolicybindings,
    mutatingwebhookconfigurations,
    validatingadmissionpolicies,
    validatingadmissionpolicybindings,
    validatingwebhookconfigurations,
    customresourcedefinitions,
    apiservices,
    controllerrevisions,
    daemonsets,
    deployments,
    replicasets,
    statefulsets(deps),
    selfsubjectreviews(deps),
    tokenreviews(deps),
    localsubjectaccessreviews(deps),
    selfsubjectaccessreviews(deps),
    selfsubjectrulesreviews(deps),
    subjectaccessreviews(deps),
    horizontalpodautoscalersV1,
    horizontalpodautoscalers,
    cronjobs,
    jobs,
    certificatesigningrequests(deps),
    leases,
    endpointslices,
    eventsK8s,
    flowschemas,
    prioritylevelconfigurations,
    ingressclasses,
    ingresses,
    ipaddresses,
    networkpolicies,
    servicecidrs,
    runtimeclasses,
    poddisruptionbudgets,
    clusterrolebindings,
    clusterroles,
    rolebindings,
    roles,
    deviceclasses,
    resourceclaims(deps),
    resourceclaimtemplates(deps),
    resourceslices(deps),
    priorityclasses,
    csidrivers,
    csinodes,
    csistoragecapacities,
    storageclasses,
    volumeattachments,
    volumeattributesclasses,
  ];
}
