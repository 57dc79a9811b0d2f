/**
 * Which certificate requests are granted without anybody looking: those of nodes for themselves.
 * Rules of the signers: staging certificates/v1 types.go, pkg/apis/certificates/helpers.go; approval as
 * pkg/controller/certificates/approver, widened to serving certificates as kubelet-csr-approvers do.
 */
import type { CertificateSigningRequest } from '../../api/generated/types.ts';

/** What a PKCS#10 request holds. */
export interface RequestContent {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly hosts: readonly string[];
}

export const clientSigner = 'kubernetes.io/kube-apiserver-client-kubelet';
export const servingSigner = 'kubernetes.io/kubelet-serving';

const nodePrefix = 'system:node:';
const allowedUsages: Readonly<Record<string, ReadonlySet<string>>> = {
  [clientSigner]: new Set(['client auth', 'digital signature', 'key encipherment']),
  [servingSigner]: new Set(['server auth', 'digital signature', 'key encipherment']),
};

export type Verdict = { readonly approve: true; readonly usage: 'client' | 'server' } | { readonly approve: false };

/** `joiner`: the user of the join token, who may ask for any node. */
export function judge(request: CertificateSigningRequest, content: RequestContent, joiner: string): Verdict {
  const { signerName, username = '', usages = [] } = request.spec;
  const allowed = allowedUsages[signerName];
  if (allowed === undefined || !usages.every((usage) => allowed.has(usage))) return { approve: false };
  const forNode = content.commonName.startsWith(nodePrefix) && content.commonName.length > nodePrefix.length;
  const oneGroup = content.organizations.length === 1 && content.organizations[0] === 'system:nodes';
  if (!forNode || !oneGroup || (username !== joiner && username !== content.commonName)) return { approve: false };
  if (signerName === servingSigner) return content.hosts.length > 0 ? { approve: true, usage: 'server' } : { approve: false };
  return content.hosts.length === 0 ? { approve: true, usage: 'client' } : { approve: false };
}

const has = ({ status }: CertificateSigningRequest, type: string): boolean =>
  status.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;

/** What is left to be done for a request. */
export function nextStep(request: CertificateSigningRequest): 'judge' | 'sign' | 'nothing' {
  if ((request.status.certificate ?? '') !== '' || has(request, 'Denied') || has(request, 'Failed')) return 'nothing';
  return has(request, 'Approved') ? 'sign' : 'judge';
}
