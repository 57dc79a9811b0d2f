/** The admission plugins there are, by upstream's names, in the order they run (pkg/kubeapiserver/options/plugins.go, AllOrderedPlugins). */
export const admissionPluginNames = [
  'NamespaceLifecycle',
  'LimitRanger',
  'ServiceAccount',
  'TaintNodesByCondition',
  'Priority',
  'DefaultTolerationSeconds',
  'DefaultStorageClass',
  'StorageObjectInUseProtection',
  'PersistentVolumeClaimResize',
  'RuntimeClass',
  'DefaultIngressClass',
  'ResourceQuota',
] as const;

export type AdmissionPluginName = (typeof admissionPluginNames)[number];
