/**
 * Fills Secrets of type kubernetes.io/service-account-token, and deletes them with their ServiceAccount:
 * pkg/controller/serviceaccount/tokens_controller.go. The tokens are TokenRequests' own, bound to the Secret and good for
 * 136 years (the longest there is), where upstream signs ones without an end.
 */
import { isReason } from '../../api/errors.ts';
import type { Secret, ServiceAccount } from '../../api/generated/types.ts';
import type { Running } from '../../base/lifecycle.ts';
import { joinKey, keyOf } from '../../client/informer-store.ts';
import { startReconciler } from '../../client/reconcile.ts';
import { found } from '../../client/found.ts';
import { refs } from '../../client/refs.ts';
import type { Controller, ControllerContext } from '../shared/controller.ts';

export const serviceAccountTokenController: Controller = {
  name: 'serviceaccount-token-controller',
  watches: ['secrets', 'serviceaccounts'],
  start,
};

const type = 'kubernetes.io/service-account-token';
const nameAnnotation = 'kubernetes.io/service-account.name';
const uidAnnotation = 'kubernetes.io/service-account.uid';
const longestSeconds = 2 ** 32;

function start({ client, clock, logger, queues, informers, settings }: ControllerContext): Running {
  const secrets = informers.of(refs.secrets, { fieldSelector: `type=${type}` });
  const accounts = informers.of(refs.serviceAccounts);
  secrets.addIndexer('account', (secret) => [accountKeyOf(secret)]);

  /** Asks the API server before it says that there is none. */
  async function accountOf(secret: Secret): Promise<ServiceAccount | undefined> {
    const { namespace = '', annotations } = secret.metadata;
    const uid = annotations?.[uidAnnotation];
    const isRight = (account: ServiceAccount): boolean => uid === undefined || account.metadata.uid === uid;
    const cached = accounts.store.get(accountKeyOf(secret));
    if (cached !== undefined && isRight(cached)) return cached;
    const live = await found(client.resource(refs.serviceAccounts).get(namespace, annotations?.[nameAnnotation] ?? ''));
    return live !== undefined && isRight(live) ? live : undefined;
  }

  async function remove({ metadata: { namespace = '', name, uid } }: Secret): Promise<void> {
    try {
      await client.resource(refs.secrets).delete(namespace, name, { preconditions: { uid } });
    } catch (error) {
      if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error;
    }
  }

  async function issue(account: ServiceAccount, secret: Secret): Promise<string> {
    const { namespace = '', name } = account.metadata;
    const boundObjectRef = { apiVersion: 'v1', kind: 'Secret', name: secret.metadata.name, uid: secret.metadata.uid };
    const body = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: {},
      spec: { audiences: [], expirationSeconds: longestSeconds, boundObjectRef },
    };
    const answer = await client.resource(refs.serviceAccounts).createSubresource(namespace, name, 'token', body);
    return (answer as unknown as { status: { token: string } }).status.token;
  }

  async function fill(account: ServiceAccount, secret: Secret): Promise<void> {
    const before = secret.data ?? {};
    const missing: Record<string, string> = {};
    const authority = settings.rootCA === undefined ? undefined : base64(settings.rootCA);
    if (authority !== undefined && before['ca.crt'] !== authority) missing['ca.crt'] = authority;
    if ((before['namespace'] ?? '') === '') missing['namespace'] = base64(secret.metadata.namespace ?? '');
    if ((before['token'] ?? '') === '') missing['token'] = base64(await issue(account, secret));
    if (Object.keys(missing).length === 0) return;
    const annotations = { ...secret.metadata.annotations, [nameAnnotation]: account.metadata.name, [uidAnnotation]: account.metadata.uid };
    await client
      .resource(refs.secrets)
      .update({ ...secret, metadata: { ...secret.metadata, annotations }, data: { ...before, ...missing } });
  }

  const loop = startReconciler({
    name: 'serviceaccount-token-controller',
    clock,
    logger,
    queues,
    ready: Promise.all([secrets.synced, accounts.synced]),
    async reconcile(key) {
      const secret = secrets.store.get(key);
      if (secret === undefined || secret.metadata.deletionTimestamp !== undefined) return undefined;
      const account = await accountOf(secret);
      if (account === undefined) await remove(secret);
      else await fill(account, secret);
      return undefined;
    },
  });
  loop.watch(secrets, (secret) => [keyOf(secret)]);
  const ofAccount = (account: ServiceAccount): void => {
    for (const secret of secrets.store.byIndex('account', keyOf(account))) loop.enqueue(keyOf(secret));
  };
  const handler = accounts.handle({ add: ofAccount, delete: ofAccount });
  return { stop: () => handler.stop().then(() => loop.stop()), [Symbol.asyncDispose]: () => handler.stop().then(() => loop.stop()) };
}

function accountKeyOf({ metadata: { namespace = '', annotations } }: Secret): string {
  return joinKey(namespace, annotations?.[nameAnnotation] ?? '');
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
