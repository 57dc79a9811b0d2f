/**
 * Which certificate requests are granted without anybody looking, and which of those that were approved the cluster's authority signs.
 * Rules: pkg/controller/certificates/{approver,signer}, pkg/apis/certificates/helpers.go.
 */
import type { CertificateSigningRequest } from '../../api/generated/types.ts';

/** What a PKCS#10 request holds. */
export interface RequestContent {
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** DNS names and IP addresses. */
  readonly hosts: readonly string[];
  readonly others: readonly { readonly type: 'email' | 'url'; readonly value: string }[];
}

export const clientSigner = 'kubernetes.io/kube-apiserver-client-kubelet';
export const servingSigner = 'kubernetes.io/kubelet-serving';
export const userSigner = 'kubernetes.io/kube-apiserver-client';

const nodePrefix = 'system:node:';

/** How approval may be had: by a permission of the requester, or at once because it is a node's own. */
export interface Approval {
  readonly message: string;
  /** A subresource of certificatesigningrequests the requester must be allowed to create; undefined: nothing more is asked. */
  readonly permission: 'selfnodeclient' | 'nodeclient' | undefined;
}

const clientMessage = 'Auto approving kubelet client certificate after SubjectAccessReview.';
const selfMessage = 'Auto approving self kubelet client certificate after SubjectAccessReview.';

/**
 * What to try for a request, in order; nothing for those that people have to look at. Beyond upstream the join token's user (`joiner`) may
 * ask for any node, and nodes get serving certificates for themselves, as kubelet-csr-approvers grant them.
 */
export function approvals(request: CertificateSigningRequest, content: RequestContent, joiner: string): Approval[] {
  const { signerName, username = '' } = request.spec;
  const fault = signingFault(request, content);
  if (fault !== undefined || content.commonName === nodePrefix) return [];
  const isSelf = username === content.commonName;
  if (signerName === servingSigner)
    return isSelf || username === joiner
      ? [{ message: 'Auto approving serving certificate of a node for itself.', permission: undefined }]
      : [];
  if (signerName !== clientSigner) return [];
  if (username === joiner) return [{ message: clientMessage, permission: undefined }];
  const own: Approval[] = isSelf ? [{ message: selfMessage, permission: 'selfnodeclient' }] : [];
  return [...own, { message: clientMessage, permission: 'nodeclient' }];
}

const required: Readonly<Record<string, { readonly auth: string; readonly listed: string }>> = {
  [clientSigner]: { auth: 'client auth', listed: '[client auth digital signature key encipherment]' },
  [servingSigner]: { auth: 'server auth', listed: '[digital signature key encipherment server auth]' },
};

/** Why the signer of an approved request refuses it, in upstream's words; undefined when it signs, or when the signer is none of ours. */
export function signingFault({ spec }: CertificateSigningRequest, content: RequestContent): string | undefined {
  const { signerName, usages = [] } = spec;
  if (signerName === userSigner) return userFault(usages);
  const rule = required[signerName];
  if (rule === undefined) return undefined;
  if (content.organizations.length !== 1 || content.organizations[0] !== 'system:nodes') return 'subject organization is not system:nodes';
  const names = signerName === servingSigner ? servingNamesFault(content) : clientNamesFault(content);
  if (names !== undefined) return names;
  const isNode = content.commonName.startsWith(nodePrefix);
  const given = new Set(usages);
  const isWanted = given.has('digital signature') && given.has(rule.auth);
  const fitsUsages = isWanted && (given.size === 2 || (given.size === 3 && given.has('key encipherment')));
  const faults = [
    fitsUsages ? undefined : `usages did not match ${rule.listed}`,
    isNode ? undefined : 'subject common name does not begin with system:node:',
  ];
  if (signerName === clientSigner) faults.reverse();
  return faults.find((fault) => fault !== undefined);
}

function servingNamesFault({ hosts, others }: RequestContent): string | undefined {
  if (hosts.length === 0) return 'DNS or IP subjectAltName is required';
  if (others.some(({ type }) => type === 'email')) return 'Email subjectAltNames are not allowed';
  return others.length > 0 ? 'URI subjectAltNames are not allowed' : undefined;
}

function clientNamesFault({ hosts, others }: RequestContent): string | undefined {
  const isAddress = (host: string): boolean => host.includes(':') || /^\d+\.\d+\.\d+\.\d+$/.test(host);
  if (hosts.some((host) => !isAddress(host))) return 'DNS subjectAltNames are not allowed';
  if (others.some(({ type }) => type === 'email')) return 'Email subjectAltNames are not allowed';
  if (hosts.length > 0) return 'IP subjectAltNames are not allowed';
  return others.length > 0 ? 'URI subjectAltNames are not allowed' : undefined;
}

function userFault(usages: readonly string[]): string | undefined {
  const wrong = usages.find((usage) => !['digital signature', 'key encipherment', 'client auth'].includes(usage));
  if (wrong !== undefined) return `invalid usage for client certificate: ${wrong}`;
  return usages.includes('client auth') ? undefined : 'missing required usage for client certificate: client auth';
}

/** Whether a signer of this name is here. */
export function isOurs(signerName: string): boolean {
  return signerName === userSigner || required[signerName] !== undefined;
}

/** Seconds a certificate is good for: a year, or what was asked for, ten minutes at least. */
export function lifetime(asked: number | undefined): number {
  const most = 365 * 86_400;
  return asked === undefined ? most : Math.max(600, Math.min(asked, most));
}

const has = ({ status }: CertificateSigningRequest, type: string): boolean =>
  status.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;

/** What is left to be done for a request. */
export function nextStep(request: CertificateSigningRequest): 'judge' | 'sign' | 'nothing' {
  if ((request.status.certificate ?? '') !== '' || has(request, 'Denied') || has(request, 'Failed')) return 'nothing';
  return has(request, 'Approved') ? 'sign' : 'judge';
}
