import { describe, expect, test } from '@jest/globals';
import type { CertificateSigningRequest } from '../../api/generated/types.ts';
import { clientSigner, judge, nextStep, servingSigner } from './policy.ts';

function request(
  spec: Partial<CertificateSigningRequest['spec']>,
  conditions: { type: string; status: string }[] = [],
): CertificateSigningRequest {
  return {
    metadata: { name: 'r' },
    spec: { request: '', signerName: clientSigner, usages: ['client auth'], username: 'joiner', ...spec },
    status: { conditions },
  } as CertificateSigningRequest;
}
const node = { commonName: 'system:node:a', organizations: ['system:nodes'], hosts: [] as string[] };
const serving = { signerName: servingSigner, usages: ['server auth'] };

describe('what nodes get without asking anybody', () => {
  test.each([
    ['a client certificate for the joiner', {}, node, 'client'],
    ['one that the node renews itself', { username: 'system:node:a' }, node, 'client'],
    ['a serving certificate', serving, { ...node, hosts: ['a'] }, 'server'],
  ] as const)('%s', (_title, spec, content, usage) => {
    expect(judge(request(spec as never), content as never, 'joiner')).toEqual({ approve: true, usage });
  });

  test.each([
    ['another node’s', { username: 'system:node:b' }, node],
    ['somebody else’s', { username: 'eve' }, node],
    ['an administrator’s', {}, { ...node, organizations: ['system:masters'] }],
    ['one more group', {}, { ...node, organizations: ['system:nodes', 'system:masters'] }],
    ['no node', {}, { ...node, commonName: 'admin' }],
    ['a nameless node', {}, { ...node, commonName: 'system:node:' }],
    ['hosts in a client certificate', {}, { ...node, hosts: ['a'] }],
    ['no hosts in a serving certificate', serving, node],
    ['another use', { usages: ['client auth', 'server auth'] }, node],
    ['another signer', { signerName: 'kubernetes.io/kube-apiserver-client' }, node],
  ] as const)('but not %s', (_title, spec, content) => {
    expect(judge(request(spec as never), content as never, 'joiner')).toEqual({ approve: false });
  });
});

test.each([
  [request({}), 'judge'],
  [request({}, [{ type: 'Approved', status: 'True' }]), 'sign'],
  [request({}, [{ type: 'Denied', status: 'True' }]), 'nothing'],
])('the next step %#', (object, step) => {
  expect(nextStep(object)).toBe(step);
});
