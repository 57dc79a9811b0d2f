/** Approves and signs the certificate requests of nodes: pkg/controller/certificates/{approver,signer}. */
import type { CertificateSigningRequest } from '../../api/generated/types.ts';
import { cloneJson } from '../../api/json.ts';
import { Lifecycle, running, type Running } from '../../base/lifecycle.ts';
import type { ResourceRef } from '../../client/client.ts';
import { startReconciler } from '../../client/reconcile.ts';
import type { Controller, ControllerContext } from '../shared/controller.ts';
import { judge, nextStep, type RequestContent } from './policy.ts';

/** The cluster's authority as this controller needs it; PEM texts. */
export interface CertificateSigner {
  /** The user of the join token. */
  readonly joiner: string;
  /** Throws when the text is no request. */
  read(request: string): Promise<RequestContent>;
  sign(request: string, options: { readonly usage: 'client' | 'server'; readonly seconds: number | undefined }): Promise<string>;
}

const requests: ResourceRef<CertificateSigningRequest> = {
  group: 'certificates.k8s.io',
  version: 'v1',
  resource: 'certificatesigningrequests',
  kind: 'CertificateSigningRequest',
  namespaced: false,
};

export const certificatesController: Controller = {
  name: 'certificatesigningrequest-signing-controller',
  watches: ['certificatesigningrequests'],
  start,
};

function start({ client, informers, clock, logger, queues, settings }: ControllerContext): Running {
  const { signer } = settings;
  if (signer === undefined) return running(() => undefined);
  const lifecycle = new Lifecycle();
  const informer = informers.of(requests);
  const resource = client.resource(requests);

  async function reconcile(name: string): Promise<undefined> {
    const request = informer.store.get(name);
    const step = request === undefined ? 'nothing' : nextStep(request);
    if (request === undefined || step === 'nothing' || signer === undefined) return;
    const pem = Buffer.from(request.spec.request, 'base64').toString();
    const content = await signer.read(pem).catch(() => undefined);
    const verdict = content === undefined ? { approve: false as const } : judge(request, content, signer.joiner);
    if (!verdict.approve) return;
    const next = cloneJson(request);
    if (step === 'judge') {
      const approved = {
        type: 'Approved',
        status: 'True',
        reason: 'AutoApproved',
        message: 'Auto approving certificate of a node for itself.',
      };
      next.status.conditions = [...(next.status.conditions ?? []), approved];
      await resource.updateSubresource('', name, 'approval', next);
    } else {
      const certificate = await signer.sign(pem, { usage: verdict.usage, seconds: request.spec.expirationSeconds });
      next.status.certificate = Buffer.from(certificate).toString('base64');
      await resource.updateStatus(next);
    }
  }

  const loop = lifecycle.add(
    startReconciler({ name: certificatesController.name, clock, logger, queues, reconcile, ready: informer.synced }),
  );
  loop.watch(informer, (request) => [request.metadata.name]);
  return lifecycle;
}
