/** pods/binding: puts a pod on a node, once. pkg/registry/core/pod/storage/storage.go (BindingREST). */
import { cloneJson } from '../../../api/json.ts';
import { ApiError, badRequest, conflict } from '../../../api/errors.ts';
import type { Binding, Pod } from '../../../api/generated/types.ts';
import { aggregate, notSupported, path, required } from '../../../api/field-errors.ts';
import type { KubeObject } from '../../../api/object.ts';
import type { Clock } from '../../../base/clock.ts';
import { rfc3339 } from '../../../base/clock.ts';
import type { Subresource, SubresourceRequest } from '../../../registry/definition.ts';
import { setPodCondition } from '../../shared/pod/conditions.ts';

const subject = { group: '', resource: 'pods/binding' };

export function binding(clock: Clock): Subresource<Pod> {
  return {
    name: 'binding',
    kind: { group: '', version: 'v1', kind: 'Binding' },
    // Everything else stays as it is: the updater below is the only way in.
    prepareForUpdate: () => undefined,
    validateUpdate: () => [],
    create: (request) => bind(request, clock),
  };
}

/** Also behind POST to the old `bindings` resource. */
export async function bind(request: SubresourceRequest, clock: Clock): Promise<KubeObject> {
  const body = request.body as unknown as Binding;
  if (body.metadata.name !== request.name) throw badRequest('name in URL does not match name in Binding object');
  checkTarget(body);
  await request.store.update(
    {
      name: request.name,
      namespace: request.namespace,
      subresource: 'binding',
      retryOnConflict: true,
      dryRun: request.context.dryRun ?? false,
      update: (current) => assigned(current as unknown as Pod, body, rfc3339(clock.now())),
    },
    request.context,
  );
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } as unknown as KubeObject;
}

/** Upstream answers the bare faults, which no kind of error fits. */
function checkTarget({ target }: Binding): void {
  const faults = [];
  if ((target.kind ?? '') !== '' && target.kind !== 'Node')
    faults.push(notSupported(path('target', 'kind'), target.kind, ['Node', '<empty>']));
  if ((target.name ?? '') === '') faults.push(required(path('target', 'name')));
  if (faults.length > 0) throw new ApiError('Unknown', aggregate(faults));
}

function assigned(current: Pod, { metadata, target }: Binding, now: string): KubeObject {
  const refuse = (why: string): ApiError => conflict(subject, current.metadata.name, why);
  if (metadata.uid !== undefined && metadata.uid !== '' && metadata.uid !== current.metadata.uid) {
    throw refuse(`Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${current.metadata.uid}`);
  }
  if (current.metadata.deletionTimestamp !== undefined)
    throw refuse(`pod ${current.metadata.name} is being deleted, cannot be assigned to a host`);
  if ((current.spec.nodeName ?? '') !== '')
    throw refuse(`pod ${current.metadata.name} is already assigned to node ${JSON.stringify(current.spec.nodeName)}`);
  if ((current.spec.schedulingGates ?? []).length > 0) throw refuse(`pod ${current.metadata.name} has non-empty .spec.schedulingGates`);
  const pod = cloneJson(current);
  pod.spec.nodeName = target.name ?? '';
  delete pod.status.nominatedNodeName;
  if (metadata.annotations !== undefined) pod.metadata.annotations = { ...pod.metadata.annotations, ...metadata.annotations };
  if (metadata.labels !== undefined) pod.metadata.labels = { ...pod.metadata.labels, ...metadata.labels };
  setPodCondition(pod.status, { type: 'PodScheduled', status: 'True' }, now);
  return pod;
}
