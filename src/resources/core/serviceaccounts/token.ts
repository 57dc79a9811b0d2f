/** serviceaccounts/token: a signed token for a service account. pkg/registry/core/serviceaccount/storage/token.go. */
import { randomUUID } from 'node:crypto';
import { badRequest } from '../../../api/errors.ts';
import type { AuthenticationV1TokenRequest } from '../../../api/generated/types.ts';
import { invalid, invalidObject, path } from '../../../api/field-errors.ts';
import type { KubeObject } from '../../../api/object.ts';
import { rfc3339 } from '../../../base/clock.ts';
import type { Subresource, SubresourceRequest } from '../../../registry/definition.ts';
import type { ServiceAccount } from '../../../api/generated/types.ts';
import type { ResourceDeps } from '../../deps.ts';

const tenMinutes = 600;
const longest = 2 ** 32;
/** Kinds a token can be bound to. */
const named: ReadonlySet<string> = new Set(['Pod', 'Secret', 'Node']);

export function token(deps: ResourceDeps): Subresource<ServiceAccount> {
  const kind = { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' };
  return {
    name: 'token',
    kind,
    default(body) {
      const request = body as unknown as { spec?: Partial<AuthenticationV1TokenRequest['spec']> };
      request.spec = { ...request.spec, expirationSeconds: request.spec?.expirationSeconds ?? 3600 };
    },
    create: (request) => issue(request, deps),
  };
}

async function issue({ name, namespace, body, context, store }: SubresourceRequest, deps: ResourceDeps): Promise<KubeObject> {
  const asked = body as unknown as AuthenticationV1TokenRequest;
  const given = asked.metadata.name ?? '';
  if (given !== '' && given !== name) {
    const fault = invalid(path('metadata', 'name'), given, 'must match the service account name if specified');
    throw invalidObject({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, name, [fault]);
  }
  const account = (await store.get(namespace, name)).object;
  const expirationSeconds = asked.spec.expirationSeconds ?? 3600;
  const at = path('spec', 'expirationSeconds');
  const faults = [
    ...(expirationSeconds < tenMinutes ? [invalid(at, expirationSeconds, 'may not specify a duration less than 10 minutes')] : []),
    ...(expirationSeconds > longest ? [invalid(at, expirationSeconds, 'may not specify a duration larger than 2^32 seconds')] : []),
  ];
  if (faults.length > 0) throw invalidObject({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, '', faults);
  const spec = { ...asked.spec, expirationSeconds };
  const bound = spec.boundObjectRef;
  if (bound !== undefined && named.has(bound.kind ?? '') && (bound.name ?? '') === '') throw badRequest('Name parameter required.');
  const { audiences, ...status } = await deps.reviews.issueToken({ namespace, name, uid: account.metadata.uid, spec, context });
  const metadata = { name, namespace, uid: randomUUID(), creationTimestamp: rfc3339(deps.clock.now()) };
  const shown = { audiences, expirationSeconds, boundObjectRef: spec.boundObjectRef ?? null };
  return { kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', metadata, spec: shown, status } as unknown as KubeObject;
}
