/** The admission plugins, made in the order of their names. */
import type { AdmissionPlugin } from '../registry/admission.ts';
import { defaultIngressClass } from './default-ingress-class/default-ingress-class.ts';
import { defaultStorageClass } from './default-storage-class/default-storage-class.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds/default-toleration-seconds.ts';
import { limitRanger } from './limit-ranger/limit-ranger.ts';
import { admissionPluginNames, type AdmissionPluginName } from './names.ts';
import { namespaceLifecycle } from './namespace-lifecycle/namespace-lifecycle.ts';
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize/persistent-volume-claim-resize.ts';
import { priority } from './priority/priority.ts';
import { resourceQuota } from './resource-quota/resource-quota.ts';
import { runtimeClass } from './runtime-class/runtime-class.ts';
import { serviceAccount } from './service-account/service-account.ts';
import type { AdmissionDeps } from './shared/deps.ts';
import { storageObjectInUseProtection } from './storage-object-in-use-protection/storage-object-in-use-protection.ts';
import { taintNodesByCondition } from './taint-nodes-by-condition/taint-nodes-by-condition.ts';

export type { AdmissionDeps } from './shared/deps.ts';

const plugins: Readonly<Record<AdmissionPluginName, (deps: AdmissionDeps) => AdmissionPlugin>> = {
  NamespaceLifecycle: namespaceLifecycle,
  LimitRanger: limitRanger,
  ServiceAccount: serviceAccount,
  TaintNodesByCondition: () => taintNodesByCondition,
  Priority: priority,
  DefaultTolerationSeconds: () => defaultTolerationSeconds,
  DefaultStorageClass: defaultStorageClass,
  StorageObjectInUseProtection: () => storageObjectInUseProtection,
  PersistentVolumeClaimResize: persistentVolumeClaimResize,
  RuntimeClass: runtimeClass,
  DefaultIngressClass: defaultIngressClass,
  ResourceQuota: resourceQuota,
};

export function admissionPlugins(deps: AdmissionDeps, disabled: readonly string[] = []): AdmissionPlugin[] {
  return admissionPluginNames.filter((name) => !disabled.includes(name)).map((name) => plugins[name](deps));
}
