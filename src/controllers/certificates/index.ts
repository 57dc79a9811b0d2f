/** Approves the certificate requests of nodes and signs what was approved: pkg/controller/certificates/{approver,signer}. */
import type { CertificateSigningRequest } from '../../api/generated/types.ts';
import { cloneJson } from '../../api/json.ts';
import { rfc3339 } from '../../base/clock.ts';
import { Lifecycle, running, type Running } from '../../base/lifecycle.ts';
import { isAllowed } from '../../client/access-review.ts';
import { startReconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import type { Controller, ControllerContext } from '../shared/controller.ts';
import { approvals, isOurs, lifetime, nextStep, signingFault, type RequestContent } from './policy.ts';

/** The cluster's authority as this controller needs it; PEM texts. */
export interface CertificateSigner {
  /** The user of the join token. */
  readonly joiner: string;
  /** Throws when the text is no request. */
  read(request: string): Promise<RequestContent>;
  sign(request: string, options: { readonly usages: readonly string[]; readonly seconds: number }): Promise<string>;
}

export const certificatesController: Controller = {
  name: 'certificatesigningrequest-signing-controller',
  watches: ['certificatesigningrequests'],
  start,
};

function start({ client, informers, clock, logger, queues, settings }: ControllerContext): Running {
  const { signer } = settings;
  if (signer === undefined) return running(() => undefined);
  const lifecycle = new Lifecycle();
  const informer = informers.of(refs.certificateSigningRequests);
  const resource = client.resource(refs.certificateSigningRequests);

  async function reconcile(name: string): Promise<undefined> {
    const request = informer.store.get(name);
    const step = request === undefined ? 'nothing' : nextStep(request);
    if (request === undefined || step === 'nothing' || signer === undefined || !isOurs(request.spec.signerName)) return;
    const pem = Buffer.from(request.spec.request, 'base64').toString();
    const content = await signer.read(pem).catch(() => undefined);
    if (content === undefined) return;
    const next = cloneJson(request);
    if (step === 'judge') {
      const message = await approval(request, content, signer.joiner);
      if (message === undefined) return;
      const approved = { type: 'Approved', status: 'True', reason: 'AutoApproved', message };
      next.status.conditions = [...(next.status.conditions ?? []), approved];
      await resource.updateSubresource('', name, 'approval', next);
      return;
    }
    const fault = signingFault(request, content);
    if (fault === undefined) {
      const options = { usages: request.spec.usages ?? [], seconds: lifetime(request.spec.expirationSeconds) };
      next.status.certificate = Buffer.from(await signer.sign(pem, options)).toString('base64');
    } else {
      const failed = { type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message: fault };
      next.status.conditions = [...(next.status.conditions ?? []), { ...failed, lastUpdateTime: rfc3339(clock.now()) }];
    }
    await resource.updateStatus(next);
  }

  /** Why the request is granted; undefined when people have to say so. */
  async function approval(request: CertificateSigningRequest, content: RequestContent, joiner: string): Promise<string | undefined> {
    for (const { message, permission } of approvals(request, content, joiner))
      if (permission === undefined || (await mayCreate(request, permission))) return message;
    return undefined;
  }

  async function mayCreate({ spec }: CertificateSigningRequest, subresource: string): Promise<boolean> {
    const { username: user, uid, groups, extra } = spec;
    const attributes = { group: 'certificates.k8s.io', resource: 'certificatesigningrequests', verb: 'create', subresource, version: '*' };
    return isAllowed(client, { user, uid, groups, extra, resourceAttributes: attributes });
  }

  const loop = lifecycle.add(
    startReconciler({ name: certificatesController.name, clock, logger, queues, reconcile, ready: informer.synced }),
  );
  loop.watch(informer, (request) => [request.metadata.name]);
  return lifecycle;
}
