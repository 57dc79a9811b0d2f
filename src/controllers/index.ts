/** Every controller, in the order they start. */
import { certificatesCleaner } from './certificates/cleaner.ts';
import { certificatesController } from './certificates/index.ts';
import { daemonSetController } from './daemonset/index.ts';
import { clusterRoleAggregationController } from './clusterrole-aggregation/index.ts';
import { cronJobController } from './cronjob/index.ts';
import { deploymentController } from './deployment/index.ts';
import { disruptionController } from './disruption/index.ts';
import { endpointsController } from './endpoints/index.ts';
import { endpointSliceController } from './endpointslice/index.ts';
import { endpointSliceMirroringController } from './endpointslice-mirroring/index.ts';
import { ephemeralVolumeController } from './ephemeral-volume/index.ts';
import { garbageCollector } from './garbage-collector/index.ts';
import { horizontalPodAutoscalerController } from './horizontal-pod-autoscaler/index.ts';
import { jobController } from './job/index.ts';
import { namespaceController } from './namespace/index.ts';
import { nodeIpamController } from './node-ipam/index.ts';
import { nodeLifecycleController } from './node-lifecycle/index.ts';
import { nodeTtlController } from './node-ttl/index.ts';
import { persistentVolumeBinder } from './persistent-volume/index.ts';
import { podGCController } from './pod-gc/index.ts';
import { replicaSetController } from './replicaset/index.ts';
import { replicationController } from './replicaset/replication-controller.ts';
import { resourceQuotaController } from './resource-quota/index.ts';
import { rootCACertController } from './root-ca-cert/index.ts';
import { serviceAccountController } from './serviceaccount/index.ts';
import { serviceAccountTokenController } from './serviceaccount-token/index.ts';
import { serviceCIDRController } from './service-cidr/index.ts';
import { serviceLBController } from './service-lb/index.ts';
import type { Controller } from './shared/controller.ts';
import type { Controllers, ControllersOptions } from './start.ts';
import { startThese } from './start.ts';
import { statefulSetController } from './statefulset/index.ts';
import { taintEvictionController } from './taint-eviction/index.ts';
import { ttlAfterFinishedController } from './ttl-after-finished/index.ts';
import {
  claimProtectionController,
  volumeAttributesClassProtectionController,
  volumeProtectionController,
} from './volume-protection/index.ts';

export const controllers: readonly Controller[] = [
  serviceAccountController,
  serviceAccountTokenController,
  rootCACertController,
  certificatesController,
  certificatesCleaner,
  nodeIpamController,
  nodeLifecycleController,
  nodeTtlController,
  taintEvictionController,
  deploymentController,
  replicaSetController,
  replicationController,
  jobController,
  cronJobController,
  ttlAfterFinishedController,
  horizontalPodAutoscalerController,
  statefulSetController,
  daemonSetController,
  disruptionController,
  resourceQuotaController,
  endpointSliceController,
  endpointsController,
  endpointSliceMirroringController,
  serviceLBController,
  serviceCIDRController,
  clusterRoleAggregationController,
  ephemeralVolumeController,
  persistentVolumeBinder,
  claimProtectionController,
  volumeProtectionController,
  volumeAttributesClassProtectionController,
  namespaceController,
  podGCController,
  garbageCollector,
];

/** Starts all of them, or those given, over one set of informers. */
export function startControllers(
  options: Omit<ControllersOptions, 'controllers'> & Partial<Pick<ControllersOptions, 'controllers'>>,
): Controllers {
  return startThese({ controllers, ...options });
}
