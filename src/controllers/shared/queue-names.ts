/** What upstream's metrics call the queues of its controllers. */
import type { Queues } from '../../base/queue-metrics.ts';

const names: Readonly<Record<string, string>> = {
  'certificatesigningrequest-signing-controller': 'certificate',
  'clusterrole-aggregation-controller': 'ClusterRoleAggregator',
  'cronjob-controller': 'cronjob',
  'daemonset-controller': 'daemonset',
  'deployment-controller': 'deployment',
  'disruption-controller': 'disruption',
  'endpoints-controller': 'endpoint',
  'endpointslice-controller': 'endpoint_slice',
  'endpointslice-mirroring-controller': 'endpoint_slice_mirroring',
  'ephemeral-volume-controller': 'ephemeral_volume',
  'garbage-collector-controller': 'garbage_collector_attempt_to_delete',
  'horizontal-pod-autoscaler-controller': 'horizontalpodautoscaler',
  'job-controller': 'job',
  'job-orphan-pods': 'job_orphan_pod',
  'namespace-controller': 'namespace',
  'node-lifecycle-controller': 'node_lifecycle_controller',
  'persistentvolume-claims': 'claims',
  'persistentvolume-volumes': 'volumes',
  'persistentvolume-protection-controller': 'pvprotection',
  'persistentvolumeclaim-protection-controller': 'pvcprotection',
  'pod-garbage-collector-controller': 'orphaned_pods_nodes',
  'replicaset-controller': 'replicaset',
  'replicationcontroller-controller': 'replicationmanager',
  'resourcequota-controller': 'resourcequota_primary',
  'root-ca-cert-publisher': 'root_ca_cert_publisher',
  'serviceaccount-controller': 'serviceaccount',
  'serviceaccount-token-controller': 'serviceaccount_tokens_secret',
  'stale-pod-disruption': 'stale_pod_disruption',
  'statefulset-controller': 'statefulset',
  'taint-eviction-controller': 'noexec_taint_node',
  'ttl-after-finished-controller': 'ttl_jobs_to_delete',
};

/** Loops that upstream does not have keep the names they have here. */
export function upstreamNames(queues: Queues | undefined): Queues | undefined {
  return queues === undefined ? undefined : (name) => queues(names[name] ?? name);
}
