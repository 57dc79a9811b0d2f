/** Owner references: apimachinery pkg/apis/meta/v1/controller_ref.go. */
import type { OwnerReference } from '../../api/generated/types.ts';
import { apiVersionOf } from '../../api/object.ts';
import type { ResourceRef } from '../../client/client.ts';
import type { Cached } from '../../client/informer-store.ts';

/** The reference that makes `owner` the managing controller of an object. */
export function controllerReference<T>(ref: ResourceRef<T>, owner: Cached): OwnerReference {
  return {
    apiVersion: apiVersionOf(ref),
    kind: ref.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

export function controllerOf(object: Cached): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true);
}

export function isControlledBy(object: Cached, owner: Cached): boolean {
  return controllerOf(object)?.uid === owner.metadata.uid;
}

/** Index name and function: dependents by controller uid, and those without a controller by `orphans/NAMESPACE`. */
export const byController = 'controller';
export function controllerIndexer(object: Cached): readonly string[] {
  const owner = controllerOf(object);
  return [owner?.uid ?? orphansOf(object.metadata.namespace ?? '')];
}
export function orphansOf(namespace: string): string {
  return `orphans/${namespace}`;
}
