/** Writes of what every cluster has, that several servers may do at a time. */
import { isReason } from '../../api/errors.ts';
import { jsonEqual } from '../../api/json.ts';
import type { KubeObject, New } from '../../api/object.ts';
import type { Client, ResourceRef } from '../../client/client.ts';

type Stored = { metadata: KubeObject['metadata'] };

/** Creates the object, or brings the named fields of the one that is there up to date. Answers what is stored. */
export async function ensure<T extends Stored>(
  client: Client,
  ref: ResourceRef<T>,
  wanted: New<T>,
  fields: readonly string[] = [],
): Promise<T> {
  const resource = client.resource(ref);
  const { name = '', namespace = '' } = wanted.metadata;
  let current: T & Record<string, unknown>;
  try {
    current = await resource.get(namespace, name);
  } catch (error) {
    if (!isReason(error, 'NotFound')) throw error;
    return orAgain(resource.create(namespace, wanted), () => ensure(client, ref, wanted, fields));
  }
  const values: Record<string, unknown> = wanted;
  if (fields.every((field) => jsonEqual(current[field], values[field]))) return current;
  const updated = { ...structuredClone(current), ...Object.fromEntries(fields.map((field) => [field, values[field]])) };
  return orAgain(resource.update(updated), () => ensure(client, ref, wanted, fields));
}

/** Another server that starts at the same moment may be faster. */
async function orAgain<T>(write: Promise<T>, again: () => Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    if (isReason(error, 'AlreadyExists') || isReason(error, 'Conflict')) return again();
    throw error;
  }
}
