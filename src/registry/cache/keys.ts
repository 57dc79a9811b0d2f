/** Where objects are kept: upstream's layout of keys, so that an etcd of a real cluster reads the same. */

/** What of a definition decides the keys of its objects. */
export interface KeyedResource {
  readonly group: string;
  readonly resource: string;
  readonly storage?: { readonly group: string; readonly resource: string };
}

export const storageRoot = '/registry/';

/** pkg/kubeapiserver/default_storage_factory_builder.go, SpecialDefaultResourcePrefixes. */
const specialResources: ReadonlyMap<string, string> = new Map([
  ['/replicationcontrollers', 'controllers'],
  ['/endpoints', 'services/endpoints'],
  ['/nodes', 'minions'],
  ['/services', 'services/specs'],
  ['networking.k8s.io/ingresses', 'ingress'],
]);

/**
 * Groups whose objects lie directly under their plural. The groups of aggregation and custom resources are kept with their
 * name by upstream too, and custom resources always are (apiextensions customresource_handler.go).
 */
const groupsWithoutName: ReadonlySet<string> = new Set([
  '',
  'admissionregistration.k8s.io',
  'apps',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'coordination.k8s.io',
  'discovery.k8s.io',
  'events.k8s.io',
  'flowcontrol.apiserver.k8s.io',
  'networking.k8s.io',
  'node.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'resource.k8s.io',
  'scheduling.k8s.io',
  'storage.k8s.io',
  'storagemigration.k8s.io',
]);

/** The prefix of all keys of a resource, with a slash at the end: `/registry/pods/`, `/registry/example.com/widgets/`. */
export function storagePrefix(resource: KeyedResource): string {
  const place = resource.storage ?? resource;
  const plural = specialResources.get(`${place.group}/${place.resource}`) ?? place.resource;
  return groupsWithoutName.has(place.group) ? `${storageRoot}${plural}/` : `${storageRoot}${place.group}/${plural}/`;
}
