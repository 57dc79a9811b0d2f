import { describe, expect, test } from '@jest/globals';
import type { CertificateSigningRequest } from '../../api/generated/types.ts';
import type { RequestContent } from './policy.ts';
import { approvals, clientSigner, lifetime, nextStep, servingSigner, signingFault, userSigner } from './policy.ts';

const client = { signerName: clientSigner, usages: ['client auth', 'digital signature'] };
const serving = { signerName: servingSigner, usages: ['server auth', 'digital signature', 'key encipherment'] };

function request(
  spec: Partial<CertificateSigningRequest['spec']>,
  conditions: { type: string; status: string }[] = [],
): CertificateSigningRequest {
  return {
    metadata: { name: 'r' },
    spec: { request: '', username: 'joiner', ...client, ...spec },
    status: { conditions },
  } as CertificateSigningRequest;
}
const node: RequestContent = { commonName: 'system:node:a', organizations: ['system:nodes'], hosts: [], others: [] };

describe('what is granted without anybody looking', () => {
  const tries = (spec: object, content: RequestContent): (string | undefined)[] =>
    approvals(request(spec), content, 'joiner').map(({ permission }) => permission);

  test('the joiner any node; a node its serving certificate', () => {
    expect(tries({}, node)).toEqual([undefined]);
    expect(tries({ ...serving, username: 'system:node:a' }, { ...node, hosts: ['a'] })).toEqual([undefined]);
  });

  test('others what they are permitted to', () => {
    expect(tries({ username: 'system:node:a' }, node)).toEqual(['selfnodeclient', 'nodeclient']);
    expect(tries({ username: 'eve' }, node)).toEqual(['nodeclient']);
  });

  test.each<[string, object, Partial<RequestContent>]>([
    ['an administrator’s', {}, { organizations: ['system:masters'] }],
    ['one more group', {}, { organizations: ['system:nodes', 'system:masters'] }],
    ['no node', {}, { commonName: 'admin' }],
    ['a nameless node', {}, { commonName: 'system:node:' }],
    ['hosts in a client certificate', {}, { hosts: ['a'] }],
    ['no hosts in a serving certificate', serving, {}],
    ['a serving certificate of another', { ...serving, username: 'system:node:b' }, { hosts: ['a'] }],
    ['another use', { usages: ['client auth', 'server auth'] }, {}],
    ['a user’s', { signerName: userSigner }, { commonName: 'jane' }],
  ])('not %s', (_title, spec, content) => {
    expect(tries(spec, { ...node, ...content })).toEqual([]);
  });
});

describe('what signers refuse though it was approved', () => {
  const mail = [{ type: 'email', value: 'a@b' }] as const;
  const uri = [{ type: 'url', value: 'x:y' }] as const;
  test.each<[string | undefined, object, Partial<RequestContent>]>([
    [undefined, { usages: ['client auth', 'digital signature', 'key encipherment'] }, {}],
    ['subject organization is not system:nodes', {}, { organizations: [] }],
    ['DNS subjectAltNames are not allowed', {}, { hosts: ['10.0.0.1', 'a'], others: mail }],
    ['Email subjectAltNames are not allowed', {}, { hosts: ['10.0.0.1'], others: mail }],
    ['IP subjectAltNames are not allowed', {}, { hosts: ['10.0.0.1'], others: uri }],
    ['URI subjectAltNames are not allowed', {}, { others: uri }],
    ['subject common name does not begin with system:node:', { usages: [] }, { commonName: 'a' }],
    ['usages did not match [client auth digital signature key encipherment]', { usages: ['client auth'] }, {}],
    [undefined, serving, { hosts: ['a'] }],
    ['DNS or IP subjectAltName is required', serving, { others: mail }],
    ['Email subjectAltNames are not allowed', serving, { hosts: ['a'], others: [...uri, ...mail] }],
    ['URI subjectAltNames are not allowed', serving, { hosts: ['a'], others: uri }],
    [
      'usages did not match [digital signature key encipherment server auth]',
      { ...serving, usages: ['server auth'] },
      { hosts: ['a'], commonName: 'a' },
    ],
    ['subject common name does not begin with system:node:', serving, { hosts: ['a'], commonName: 'a' }],
    [undefined, { signerName: userSigner, usages: ['client auth'] }, { commonName: 'jane', organizations: ['dev'] }],
    ['invalid usage for client certificate: server auth', { signerName: userSigner, usages: ['client auth', 'server auth'] }, {}],
    ['missing required usage for client certificate: client auth', { signerName: userSigner, usages: ['digital signature'] }, {}],
    [undefined, { signerName: 'example.com/own', usages: [] }, {}],
  ])('%s (%#)', (fault, spec, content) => {
    expect(signingFault(request(spec), { ...node, ...content })).toBe(fault);
  });
});

test('a certificate is good for a year or less, but for ten minutes', () => {
  expect([undefined, 86_400, 1, 10 ** 9].map(lifetime)).toEqual([31_536_000, 86_400, 600, 31_536_000]);
});

test.each([
  [request({}), 'judge'],
  [request({}, [{ type: 'Approved', status: 'True' }]), 'sign'],
  [request({}, [{ type: 'Denied', status: 'True' }]), 'nothing'],
])('the next step %#', (object, step) => {
  expect(nextStep(object)).toBe(step);
});
