/** The facts of discovery that definitions take over: names, scope, verbs. From k8s.io/kubernetes v1.36.3 api/discovery. */
import type { ResourceDefinition } from '../../registry/definition.ts';

type Row = readonly [
  group: string,
  version: string,
  resource: string,
  singular: string,
  kind: string,
  namespaced: boolean,
  verbs: string,
  shortNames: string,
  categories: string,
  subresources: string,
  schema: string,
];

/** What {@link fromFacts} fills in. */
export type Facts = Pick<
  ResourceDefinition,
  'group' | 'version' | 'kind' | 'listKind' | 'resource' | 'singular' | 'shortNames' | 'categories' | 'namespaced' | 'verbs' | 'schema' | 'status'
>;

/** The served facts of a GA kind; throws for one that 1.36 does not have. */
export function fromFacts(group: string, version: string, resource: string): Facts {
  const row = rows.find((candidate) => candidate[0] === group && candidate[1] === version && candidate[2] === resource);
  if (row === undefined) throw new Error(`no facts about ${resource} in ${group}/${version}`);
  const [, , , singular, kind, namespaced, verbs, shortNames, categories, subresources, schema] = row;
  return {
    group,
    version,
    kind,
    listKind: `${kind}List`,
    resource,
    singular,
    shortNames: words(shortNames),
    categories: words(categories),
    namespaced,
    verbs: words(verbs),
    schema,
    status: words(subresources).includes('status'),
  };
}

/** Group, version and plural of every GA kind. */
export function everyKind(): { group: string; version: string; resource: string }[] {
  return rows.map(([group, version, resource]) => ({ group, version, resource }));
}

function words(text: string): string[] {
  return text === '' ? [] : text.split(' ');
}

const rows: readonly Row[] = [
  ['', 'v1', 'bindings', 'binding', 'Binding', true, 'create', '', '', '', 'io.k8s.api.core.v1.Binding'],
  ['', 'v1', 'componentstatuses', 'componentstatus', 'ComponentStatus', false, 'get list', 'cs', '', '', 'io.k8s.api.core.v1.ComponentStatus'],
  ['', 'v1', 'configmaps', 'configmap', 'ConfigMap', true, 'create delete deletecollection get list patch update watch', 'cm', '', '', 'io.k8s.api.core.v1.ConfigMap'],
  ['', 'v1', 'endpoints', 'endpoints', 'Endpoints', true, 'create delete deletecollection get list patch update watch', 'ep', '', '', 'io.k8s.api.core.v1.Endpoints'],
  ['', 'v1', 'events', 'event', 'Event', true, 'create delete deletecollection get list patch update watch', 'ev', '', '', 'io.k8s.api.core.v1.Event'],
  ['', 'v1', 'limitranges', 'limitrange', 'LimitRange', true, 'create delete deletecollection get list patch update watch', 'limits', '', '', 'io.k8s.api.core.v1.LimitRange'],
  ['', 'v1', 'namespaces', 'namespace', 'Namespace', false, 'create delete get list patch update watch', 'ns', '', 'finalize status', 'io.k8s.api.core.v1.Namespace'],
  ['', 'v1', 'nodes', 'node', 'Node', false, 'create delete deletecollection get list patch update watch', 'no', '', 'proxy status', 'io.k8s.api.core.v1.Node'],
  ['', 'v1', 'persistentvolumeclaims', 'persistentvolumeclaim', 'PersistentVolumeClaim', true, 'create delete deletecollection get list patch update watch', 'pvc', '', 'status', 'io.k8s.api.core.v1.PersistentVolumeClaim'],
  ['', 'v1', 'persistentvolumes', 'persistentvolume', 'PersistentVolume', false, 'create delete deletecollection get list patch update watch', 'pv', '', 'status', 'io.k8s.api.core.v1.PersistentVolume'],
  ['', 'v1', 'pods', 'pod', 'Pod', true, 'create delete deletecollection get list patch update watch', 'po', 'all', 'attach binding ephemeralcontainers eviction exec log portforward proxy resize status', 'io.k8s.api.core.v1.Pod'],
  ['', 'v1', 'podtemplates', 'podtemplate', 'PodTemplate', true, 'create delete deletecollection get list patch update watch', '', '', '', 'io.k8s.api.core.v1.PodTemplate'],
  ['', 'v1', 'replicationcontrollers', 'replicationcontroller', 'ReplicationController', true, 'create delete deletecollection get list patch update watch', 'rc', 'all', 'scale status', 'io.k8s.api.core.v1.ReplicationController'],
  ['', 'v1', 'resourcequotas', 'resourcequota', 'ResourceQuota', true, 'create delete deletecollection get list patch update watch', 'quota', '', 'status', 'io.k8s.api.core.v1.ResourceQuota'],
  ['', 'v1', 'secrets', 'secret', 'Secret', true, 'create delete deletecollection get list patch update watch', '', '', '', 'io.k8s.api.core.v1.Secret'],
  ['', 'v1', 'serviceaccounts', 'serviceaccount', 'ServiceAccount', true, 'create delete deletecollection get list patch update watch', 'sa', '', 'token', 'io.k8s.api.core.v1.ServiceAccount'],
  ['', 'v1', 'services', 'service', 'Service', true, 'create delete deletecollection get list patch update watch', 'svc', 'all', 'proxy status', 'io.k8s.api.core.v1.Service'],
  ['admissionregistration.k8s.io', 'v1', 'mutatingadmissionpolicies', 'mutatingadmissionpolicy', 'MutatingAdmissionPolicy', false, 'create delete deletecollection get list patch update watch', '', 'api-extensions', '', 'io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicy'],
  ['admissionregistration.k8s.io', 'v1', 'mutatingadmissionpolicybindings', 'mutatingadmissionpolicybinding', 'MutatingAdmissionPolicyBinding', false, 'create delete deletecollection get list patch update watch', '', 'api-extensions', '', 'io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicyBinding'],
  ['admissionregistration.k8s.io', 'v1', 'mutatingwebhookconfigurations', 'mutatingwebhookconfiguration', 'MutatingWebhookConfiguration', false, 'create delete deletecollection get list patch update watch', '', 'api-extensions', '', 'io.k8s.api.admissionregistration.v1.MutatingWebhookConfiguration'],
  ['admissionregistration.k8s.io', 'v1', 'validatingadmissionpolicies', 'validatingadmissionpolicy', 'ValidatingAdmissionPolicy', false, 'create delete deletecollection get list patch update watch', '', 'api-extensions', 'status', 'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicy'],
  ['admissionregistration.k8s.io', 'v1', 'validatingadmissionpolicybindings', 'validatingadmissionpolicybinding', 'ValidatingAdmissionPolicyBinding', false, 'create delete deletecollection get list patch update watch', '', 'api-extensions', '', 'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBinding'],
  ['admissionregistration.k8s.io', 'v1', 'validatingwebhookconfigurations', 'validatingwebhookconfiguration', 'ValidatingWebhookConfiguration', false, 'create delete deletecollection get list patch update watch', '', 'api-extensions', '', 'io.k8s.api.admissionregistration.v1.ValidatingWebhookConfiguration'],
  ['apiextensions.k8s.io', 'v1', 'customresourcedefinitions', 'customresourcedefinition', 'CustomResourceDefinition', false, 'create delete deletecollection get list patch update watch', 'crd crds', 'api-extensions', 'status', 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition'],
  ['apiregistration.k8s.io', 'v1', 'apiservices', 'apiservice', 'APIService', false, 'create delete deletecollection get list patch update watch', '', 'api-extensions', 'status', 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService'],
  ['apps', 'v1', 'controllerrevisions', 'controllerrevision', 'ControllerRevision', true, 'create delete deletecollection get list patch update watch', '', '', '', 'io.k8s.api.apps.v1.ControllerRevision'],
  ['apps', 'v1', 'daemonsets', 'daemonset', 'DaemonSet', true, 'create delete deletecollection get list patch update watch', 'ds', 'all', 'status', 'io.k8s.api.apps.v1.DaemonSet'],
  ['apps', 'v1', 'deployments', 'deployment', 'Deployment', true, 'create delete deletecollection get list patch update watch', 'deploy', 'all', 'scale status', 'io.k8s.api.apps.v1.Deployment'],
  ['apps', 'v1', 'replicasets', 'replicaset', 'ReplicaSet', true, 'create delete deletecollection get list patch update watch', 'rs', 'all', 'scale status', 'io.k8s.api.apps.v1.ReplicaSet'],
  ['apps', 'v1', 'statefulsets', 'statefulset', 'StatefulSet', true, 'create delete deletecollection get list patch update watch', 'sts', 'all', 'scale status', 'io.k8s.api.apps.v1.StatefulSet'],
  ['authentication.k8s.io', 'v1', 'selfsubjectreviews', 'selfsubjectreview', 'SelfSubjectReview', false, 'create', '', '', '', 'io.k8s.api.authentication.v1.SelfSubjectReview'],
  ['authentication.k8s.io', 'v1', 'tokenreviews', 'tokenreview', 'TokenReview', false, 'create', '', '', '', 'io.k8s.api.authentication.v1.TokenReview'],
  ['authorization.k8s.io', 'v1', 'localsubjectaccessreviews', 'localsubjectaccessreview', 'LocalSubjectAccessReview', true, 'create', '', '', '', 'io.k8s.api.authorization.v1.LocalSubjectAccessReview'],
  ['authorization.k8s.io', 'v1', 'selfsubjectaccessreviews', 'selfsubjectaccessreview', 'SelfSubjectAccessReview', false, 'create', '', '', '', 'io.k8s.api.authorization.v1.SelfSubjectAccessReview'],
  ['authorization.k8s.io', 'v1', 'selfsubjectrulesreviews', 'selfsubjectrulesreview', 'SelfSubjectRulesReview', false, 'create', '', '', '', 'io.k8s.api.authorization.v1.SelfSubjectRulesReview'],
  ['authorization.k8s.io', 'v1', 'subjectaccessreviews', 'subjectaccessreview', 'SubjectAccessReview', false, 'create', '', '', '', 'io.k8s.api.authorization.v1.SubjectAccessReview'],
  ['autoscaling', 'v1', 'horizontalpodautoscalers', 'horizontalpodautoscaler', 'HorizontalPodAutoscaler', true, 'create delete deletecollection get list patch update watch', 'hpa', 'all', 'status', 'io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler'],
  ['autoscaling', 'v2', 'horizontalpodautoscalers', 'horizontalpodautoscaler', 'HorizontalPodAutoscaler', true, 'create delete deletecollection get list patch update watch', 'hpa', 'all', 'status', 'io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler'],
  ['batch', 'v1', 'cronjobs', 'cronjob', 'CronJob', true, 'create delete deletecollection get list patch update watch', 'cj', 'all', 'status', 'io.k8s.api.batch.v1.CronJob'],
  ['batch', 'v1', 'jobs', 'job', 'Job', true, 'create delete deletecollection get list patch update watch', '', 'all', 'status', 'io.k8s.api.batch.v1.Job'],
  ['certificates.k8s.io', 'v1', 'certificatesigningrequests', 'certificatesigningrequest', 'CertificateSigningRequest', false, 'create delete deletecollection get list patch update watch', 'csr', '', 'approval status', 'io.k8s.api.certificates.v1.CertificateSigningRequest'],
  ['coordination.k8s.io', 'v1', 'leases', 'lease', 'Lease', true, 'create delete deletecollection get list patch update watch', '', '', '', 'io.k8s.api.coordination.v1.Lease'],
  ['discovery.k8s.io', 'v1', 'endpointslices', 'endpointslice', 'EndpointSlice', true, 'create delete deletecollection get list patch update watch', '', '', '', 'io.k8s.api.discovery.v1.EndpointSlice'],
  ['events.k8s.io', 'v1', 'events', 'event', 'Event', true, 'create delete deletecollection get list patch update watch', 'ev', '', '', 'io.k8s.api.events.v1.Event'],
  ['flowcontrol.apiserver.k8s.io', 'v1', 'flowschemas', 'flowschema', 'FlowSchema', false, 'create delete deletecollection get list patch update watch', '', '', 'status', 'io.k8s.api.flowcontrol.v1.FlowSchema'],
  ['flowcontrol.apiserver.k8s.io', 'v1', 'prioritylevelconfigurations', 'prioritylevelconfiguration', 'PriorityLevelConfiguration', false, 'create delete deletecollection get list patch update watch', '', '', 'status', 'io.k8s.api.flowcontrol.v1.PriorityLevelConfiguration'],
  ['networking.k8s.io', 'v1', 'ingressclasses', 'ingressclass', 'IngressClass', false, 'create delete deletecollection get list patch update watch', '', '', '', 'io.k8s.api.networking.v1.IngressClass'],
  ['networking.k8s.io', 'v1', 'ingresses', 'ingress', 'Ingress', true, 'create delete deletecollection get list patch update watch', 'ing', '', 'status', 'io.k8s.api.networking.v1.Ingress'],
  ['networking.k8s.io', 'v1', 'ipaddresses', 'ipaddress', 'IPAddress', false, 'create delete deletecollection get list patch update watch', 'ip', '', '', 'io.k8s.api.networking.v1.IPAddress'],
  ['networking.k8s.io', 'v1', 'networkpolicies', 'networkpolicy', 'NetworkPolicy', true, 'create delete deletecollection get list patch update watch', 'netpol', '', '', 'io.k8s.api.networking.v1.NetworkPolicy'],
  ['networking.k8s.io', 'v1', 'servicecidrs', 'servicecidr', 'ServiceCIDR', false, 'create delete deletecollection get list patch update watch', '', '', 'status', 'io.k8s.api.networking.v1.ServiceCIDR'],
  ['node.k8s.io', 'v1', 'runtimeclasses', 'runtimeclass', 'RuntimeClass', false, 'create delete deletecollection get list patch update watch', '', '', '', 'io.k8s.api.node.v1.RuntimeClass'],
  ['policy', 'v1', 'poddisruptionbudgets', 'poddisruptionbudget', 'PodDisruptionBudget', true, 'create delete deletecollection get list patch update watch', 'pdb', '', 'status', 'io.k8s.api.policy.v1.PodDisruptionBudget'],
  ['rbac.authorization.k8s.io', 'v1', 'clusterrolebindings', 'clusterrolebinding', 'ClusterRoleBinding', false, 'create delete deletecollection get list patch update watch', '', '', '', 'io.k8s.api.rbac.v1.ClusterRoleBinding'],
  ['rbac.authorization.k8s.io', 'v1', 'clusterroles', 'clusterrole', 'ClusterRole', false, 'create delete deletecollection get list patch update watch', '', '', '', 'io.k8s.api.rbac.v1.ClusterRole'],
  ['rbac.authorization.k8s.io', 'v1', 'rolebindings', 'rolebinding', 'RoleBinding', true, 'create delete deletecollection get list patch update watch', '', '', '', 'io.k8s.api.rbac.v1.RoleBinding'],
  ['rbac.authorization.k8s.io', 'v1', 'roles', 'role', 'Role', true, 'create delete deletecollection get list patch update watch', '', '', '', 'io.k8s.api.rbac.v1.Role'],
  ['resource.k8s.io', 'v1', 'deviceclasses', 'deviceclass', 'DeviceClass', false, 'create delete deletecollection get list patch update watch', '', '', '', 'io.k8s.api.resource.v1.DeviceClass'],
  ['resource.k8s.io', 'v1', 'resourceclaims', 'resourceclaim', 'ResourceClaim', true, 'create delete deletecollection get list patch update watch', '', '', 'status', 'io.k8s.api.resource.v1.ResourceClaim'],
  ['resource.k8s.io', 'v1', 'resourceclaimtemplates', 'resourceclaimtemplate', 'ResourceClaimTemplate', true, 'create delete deletecollection get list patch update watch', '', '', '', 'io.k8s.api.resource.v1.ResourceClaimTemplate'],
  ['resource.k8s.io', 'v1', 'resourceslices', 'resourceslice', 'ResourceSlice', false, 'create delete deletecollection get list patch update watch', '', '', '', 'io.k8s.api.resource.v1.ResourceSlice'],
  ['scheduling.k8s.io', 'v1', 'priorityclasses', 'priorityclass', 'PriorityClass', false, 'create delete deletecollection get list patch update watch', 'pc', '', '', 'io.k8s.api.scheduling.v1.PriorityClass'],
  ['storage.k8s.io', 'v1', 'csidrivers', 'csidriver', 'CSIDriver', false, 'create delete deletecollection get list patch update watch', '', '', '', 'io.k8s.api.storage.v1.CSIDriver'],
  ['storage.k8s.io', 'v1', 'csinodes', 'csinode', 'CSINode', false, 'create delete deletecollection get list patch update watch', '', '', '', 'io.k8s.api.storage.v1.CSINode'],
  ['storage.k8s.io', 'v1', 'csistoragecapacities', 'csistoragecapacity', 'CSIStorageCapacity', true, 'create delete deletecollection get list patch update watch', '', '', '', 'io.k8s.api.storage.v1.CSIStorageCapacity'],
  ['storage.k8s.io', 'v1', 'storageclasses', 'storageclass', 'StorageClass', false, 'create delete deletecollection get list patch update watch', 'sc', '', '', 'io.k8s.api.storage.v1.StorageClass'],
  ['storage.k8s.io', 'v1', 'volumeattachments', 'volumeattachment', 'VolumeAttachment', false, 'create delete deletecollection get list patch update watch', '', '', 'status', 'io.k8s.api.storage.v1.VolumeAttachment'],
  ['storage.k8s.io', 'v1', 'volumeattributesclasses', 'volumeattributesclass', 'VolumeAttributesClass', false, 'create delete deletecollection get list patch update watch', 'vac', '', '', 'io.k8s.api.storage.v1.VolumeAttributesClass'],
];
