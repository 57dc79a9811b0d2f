/** The scale subresource: an autoscaling/v1 Scale as a view of another object (pkg/registry/apps/deployment/storage, ScaleREST). */
import { ApiError, badRequest } from '../api/errors.ts';
import { invalid, invalidObject, path } from '../api/field-errors.ts';
import { cloneJson } from '../api/json.ts';
import type { KubeObject } from '../api/object.ts';
import { schemaOfKind } from '../api/schema/facts.ts';
import type { Schema } from '../api/schema/schema.ts';
import type { ResourceDefinition, ScaleAccess } from './definition.ts';

export const scaleKind = { group: 'autoscaling', version: 'v1', kind: 'Scale' } as const;

export function scaleSchema(): Schema {
  const schema = schemaOfKind(scaleKind.group, scaleKind.version, scaleKind.kind);
  if (schema === undefined) throw new Error('no schema of Scale');
  return schema;
}

/** The Scale of an object, with kind and apiVersion. */
export function scaleOf(definition: ResourceDefinition, object: KubeObject): KubeObject {
  const scale = access(definition);
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = scale.replicas(object);
  const selector = scale.selector(object);
  return {
    kind: scaleKind.kind,
    apiVersion: 'autoscaling/v1',
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), uid, resourceVersion, creationTimestamp },
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: scale.statusReplicas(object), ...(selector === '' ? {} : { selector }) },
  };
}

/** A private copy of `object` with what the Scale asks for; throws 400 and 422. */
export function withScale(definition: ResourceDefinition, object: KubeObject, wanted: KubeObject): KubeObject {
  const replicas = (wanted.spec as { replicas?: number } | undefined)?.replicas ?? 0;
  const { name, namespace } = object.metadata;
  if ((wanted.metadata.name ?? '') === '')
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  if (wanted.metadata.name !== name)
    throw badRequest(`the name of the object (${wanted.metadata.name}) does not match the name on the URL (${name})`);
  if ((wanted.metadata.namespace ?? namespace) !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (replicas < 0)
    throw invalidObject(scaleKind, name, [invalid(path('spec', 'replicas'), replicas, 'must be greater than or equal to 0')]);
  const next = cloneJson(object);
  access(definition).setReplicas(next, replicas);
  next.metadata.resourceVersion = wanted.metadata.resourceVersion ?? '';
  if ((wanted.metadata.uid ?? '') !== '') next.metadata.uid = wanted.metadata.uid;
  return next;
}

function access(definition: ResourceDefinition): ScaleAccess {
  if (definition.scale === undefined) throw new ApiError('NotFound', 'the server could not find the requested resource');
  return definition.scale;
}
