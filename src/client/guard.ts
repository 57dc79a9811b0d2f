/** A client that writes only while its user may: what leads stops acting the moment its Lease may have gone to another. */
import { ApiError } from '../api/errors.ts';
import type { Client, ResourceClient, ResourceRef } from './client.ts';

/** Reads go through; writes are refused with ServiceUnavailable while `holds` is false. */
export function guarded(client: Client, holds: () => boolean): Client {
  return {
    resource: <T>(ref: ResourceRef<T>) => guardedResource(client.resource(ref), holds),
    discover: () => client.discover(),
  };
}

function guardedResource<T>(inner: ResourceClient<T>, holds: () => boolean): ResourceClient<T> {
  const write =
    <Arguments extends unknown[], Answer>(call: (...given: Arguments) => Promise<Answer>) =>
    (...given: Arguments): Promise<Answer> =>
      holds() ? call(...given) : Promise.reject(new ApiError('ServiceUnavailable', 'another server leads now: nothing was written'));
  return {
    ref: inner.ref,
    get: (...given) => inner.get(...given),
    list: (...given) => inner.list(...given),
    watch: (...given) => inner.watch(...given),
    getSubresource: (...given) => inner.getSubresource(...given),
    create: write((...given) => inner.create(...given)),
    update: write((...given) => inner.update(...given)),
    updateStatus: write((...given) => inner.updateStatus(...given)),
    patch: write((...given) => inner.patch(...given)),
    delete: write((...given) => inner.delete(...given)),
    deleteCollection: write((...given) => inner.deleteCollection(...given)),
    createSubresource: write((...given) => inner.createSubresource(...given)),
    updateSubresource: write((...given) => inner.updateSubresource(...given)),
  };
}
