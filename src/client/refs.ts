/** Typed names of the resources that Coracle's own parts use. */
import type * as t from '../api/generated/types.ts';
import type { ResourceRef } from './client.ts';

function ref<T>(apiVersion: string, resource: string, kind: string, namespaced = true): ResourceRef<T> {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  return Object.freeze({ group: group ?? '', version: version ?? '', resource, kind, namespaced });
}

export const refs = {
  bindings: ref<t.Binding>('v1', 'bindings', 'Binding'),
  configMaps: ref<t.ConfigMap>('v1', 'configmaps', 'ConfigMap'),
  endpoints: ref<t.Endpoints>('v1', 'endpoints', 'Endpoints'),
  events: ref<t.CoreV1Event>('v1', 'events', 'Event'),
  limitRanges: ref<t.LimitRange>('v1', 'limitranges', 'LimitRange'),
  namespaces: ref<t.Namespace>('v1', 'namespaces', 'Namespace', false),
  nodes: ref<t.Node>('v1', 'nodes', 'Node', false),
  persistentVolumeClaims: ref<t.PersistentVolumeClaim>('v1', 'persistentvolumeclaims', 'PersistentVolumeClaim'),
  persistentVolumes: ref<t.PersistentVolume>('v1', 'persistentvolumes', 'PersistentVolume', false),
  pods: ref<t.Pod>('v1', 'pods', 'Pod'),
  replicationControllers: ref<t.ReplicationController>('v1', 'replicationcontrollers', 'ReplicationController'),
  resourceQuotas: ref<t.ResourceQuota>('v1', 'resourcequotas', 'ResourceQuota'),
  secrets: ref<t.Secret>('v1', 'secrets', 'Secret'),
  serviceAccounts: ref<t.ServiceAccount>('v1', 'serviceaccounts', 'ServiceAccount'),
  services: ref<t.Service>('v1', 'services', 'Service'),
  controllerRevisions: ref<t.ControllerRevision>('apps/v1', 'controllerrevisions', 'ControllerRevision'),
  daemonSets: ref<t.DaemonSet>('apps/v1', 'daemonsets', 'DaemonSet'),
  deployments: ref<t.Deployment>('apps/v1', 'deployments', 'Deployment'),
  replicaSets: ref<t.ReplicaSet>('apps/v1', 'replicasets', 'ReplicaSet'),
  statefulSets: ref<t.StatefulSet>('apps/v1', 'statefulsets', 'StatefulSet'),
  horizontalPodAutoscalers: ref<t.AutoscalingV2HorizontalPodAutoscaler>(
    'autoscaling/v2',
    'horizontalpodautoscalers',
    'HorizontalPodAutoscaler',
  ),
  cronJobs: ref<t.CronJob>('batch/v1', 'cronjobs', 'CronJob'),
  jobs: ref<t.Job>('batch/v1', 'jobs', 'Job'),
  subjectAccessReviews: ref<t.SubjectAccessReview>('authorization.k8s.io/v1', 'subjectaccessreviews', 'SubjectAccessReview', false),
  certificateSigningRequests: ref<t.CertificateSigningRequest>(
    'certificates.k8s.io/v1',
    'certificatesigningrequests',
    'CertificateSigningRequest',
    false,
  ),
  leases: ref<t.Lease>('coordination.k8s.io/v1', 'leases', 'Lease'),
  endpointSlices: ref<t.EndpointSlice>('discovery.k8s.io/v1', 'endpointslices', 'EndpointSlice'),
  podDisruptionBudgets: ref<t.PodDisruptionBudget>('policy/v1', 'poddisruptionbudgets', 'PodDisruptionBudget'),
  clusterRoles: ref<t.ClusterRole>('rbac.authorization.k8s.io/v1', 'clusterroles', 'ClusterRole', false),
  priorityClasses: ref<t.PriorityClass>('scheduling.k8s.io/v1', 'priorityclasses', 'PriorityClass', false),
  csiDrivers: ref<t.CSIDriver>('storage.k8s.io/v1', 'csidrivers', 'CSIDriver', false),
  csiNodes: ref<t.CSINode>('storage.k8s.io/v1', 'csinodes', 'CSINode', false),
  csiStorageCapacities: ref<t.CSIStorageCapacity>('storage.k8s.io/v1', 'csistoragecapacities', 'CSIStorageCapacity'),
  storageClasses: ref<t.StorageClass>('storage.k8s.io/v1', 'storageclasses', 'StorageClass', false),
  volumeAttachments: ref<t.VolumeAttachment>('storage.k8s.io/v1', 'volumeattachments', 'VolumeAttachment', false),
  volumeAttributesClasses: ref<t.VolumeAttributesClass>('storage.k8s.io/v1', 'volumeattributesclasses', 'VolumeAttributesClass', false),
  ingressClasses: ref<t.IngressClass>('networking.k8s.io/v1', 'ingressclasses', 'IngressClass', false),
  ingresses: ref<t.Ingress>('networking.k8s.io/v1', 'ingresses', 'Ingress'),
  ipAddresses: ref<t.IPAddress>('networking.k8s.io/v1', 'ipaddresses', 'IPAddress', false),
  networkPolicies: ref<t.NetworkPolicy>('networking.k8s.io/v1', 'networkpolicies', 'NetworkPolicy'),
  serviceCIDRs: ref<t.ServiceCIDR>('networking.k8s.io/v1', 'servicecidrs', 'ServiceCIDR', false),
  runtimeClasses: ref<t.RuntimeClass>('node.k8s.io/v1', 'runtimeclasses', 'RuntimeClass', false),
} as const;
