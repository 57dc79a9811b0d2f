import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '../base/clock.ts';
import { refs } from '../client/refs.ts';
import { createFakeClient, type FakeClient } from '../client/testing/fake-client.ts';
import { type Authenticator, authenticate, certificateAuthenticator } from './authenticator.ts';
import { allowAuthenticated, type Attributes } from './authorizer.ts';
import { createSigningKey } from './certificates.ts';
import { createReviews } from './reviews.ts';
import { createServiceAccountTokens, defaultIssuer, type ServiceAccountTokens } from './service-account-tokens.ts';
import { openSigningKeys } from './signing-keys.ts';
import { staticTokenAuthenticator } from './static-tokens.ts';

const nothing = { certificate: undefined, certificateError: undefined, token: undefined };
const statics = staticTokenAuthenticator([{ token: 'secret', user: { name: 'admin', groups: ['system:masters'] } }]);

describe('authenticate', () => {
  const all: readonly Authenticator[] = [certificateAuthenticator, statics];

  test('the first that knows answers', async () => {
    const certificate = { commonName: 'jane', organizations: ['dev'], fingerprint: 'ab' };
    expect((await authenticate(all, { ...nothing, certificate }))?.user).toMatchObject({
      name: 'jane',
      groups: ['dev', 'system:authenticated'],
      extra: { 'authentication.kubernetes.io/credential-id': ['X509SHA256=ab'] },
    });
    expect((await authenticate(all, { ...nothing, token: 'secret' }))?.user.name).toBe('admin');
    expect(await authenticate(all, nothing)).toBeUndefined();
  });

  test('bad credentials are never anonymous', async () => {
    await expect(authenticate(all, { ...nothing, token: 'wrong' })).rejects.toThrow('invalid bearer token');
    await expect(authenticate(all, { ...nothing, certificateError: 'unknown authority' })).rejects.toThrow('unknown authority');
  });
});

describe('allowAuthenticated', () => {
  const attributes = (groups: string[], path: string): Attributes => ({
    user: { name: 'x', groups },
    verb: 'get',
    resourceRequest: false,
    group: '',
    version: '',
    resource: '',
    subresource: '',
    namespace: '',
    name: '',
    path,
  });
  test('strangers may ask how the server is', () => {
    expect(allowAuthenticated.authorize(attributes(['system:unauthenticated'], '/readyz/ping'))).toMatchObject({ allowed: true });
    expect(allowAuthenticated.authorize(attributes(['system:unauthenticated'], '/metrics'))).toMatchObject({ allowed: false });
    expect(allowAuthenticated.authorize(attributes(['system:authenticated'], '/metrics'))).toMatchObject({ allowed: true });
  });
});

interface World {
  readonly clock: FakeClock;
  readonly client: FakeClient;
  readonly tokens: ServiceAccountTokens;
  readonly uid: string;
}

async function world(): Promise<World> {
  const clock = new FakeClock();
  const client = createFakeClient({ clock });
  const keys = openSigningKeys({ privateKey: await createSigningKey(), issuer: defaultIssuer });
  const tokens = createServiceAccountTokens({ keys, issuer: defaultIssuer, clock, client: () => client });
  const account = client.seed(refs.serviceAccounts, { metadata: { name: 'sa', namespace: 'ns' } });
  return { clock, client, tokens, uid: account.metadata.uid };
}

const ask = (tokens: ServiceAccountTokens, token: string) => tokens.authenticator.authenticate({ ...nothing, token });

describe('service account tokens', () => {
  test('say who it is until they expire', async () => {
    const { clock, tokens, uid } = await world();
    const { token, expirationTimestamp } = await tokens.issue({
      namespace: 'ns',
      name: 'sa',
      uid,
      spec: { audiences: [], expirationSeconds: 600 },
    });
    expect(Date.parse(expirationTimestamp)).toBe(clock.now() + 600_000);
    expect(await ask(tokens, token)).toMatchObject({
      name: 'system:serviceaccount:ns:sa',
      uid,
      groups: ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
    });
    await clock.advance(661_000);
    await expect(ask(tokens, token)).rejects.toThrow('service account token has expired');
  });

  test('die with their pod', async () => {
    const { client, tokens, uid } = await world();
    const pod = client.seed(refs.pods, { metadata: { name: 'p', namespace: 'ns' }, spec: { serviceAccountName: 'sa', nodeName: 'n' } });
    const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: 'p', uid: pod.metadata.uid };
    const { token } = await tokens.issue({ namespace: 'ns', name: 'sa', uid, spec: { audiences: [], boundObjectRef } });
    expect(await ask(tokens, token)).toMatchObject({
      extra: {
        'authentication.kubernetes.io/pod-name': ['p'],
        'authentication.kubernetes.io/pod-uid': [pod.metadata.uid],
        'authentication.kubernetes.io/node-name': ['n'],
      },
    });
    client.remove(refs.pods as never, 'ns/p');
    await expect(ask(tokens, token)).rejects.toThrow('service account token has been invalidated');
    client.seed(refs.pods, { metadata: { name: 'p', namespace: 'ns' }, spec: { serviceAccountName: 'sa' } });
    await expect(ask(tokens, token)).rejects.toThrow('does not match service account pod ref claim');
  });

  test('the tokens of projected volumes outlive what they say', async () => {
    const { clock, client, tokens, uid } = await world();
    client.seed(refs.pods, { metadata: { name: 'p', namespace: 'ns' }, spec: { serviceAccountName: 'sa' } });
    const { token, expirationTimestamp } = await tokens.issue({
      namespace: 'ns',
      name: 'sa',
      uid,
      spec: { audiences: [], expirationSeconds: 3607, boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'p' } },
    });
    expect(Date.parse(expirationTimestamp)).toBe(clock.now() + 3_607_000);
    await clock.advance(10 * 3_600_000);
    expect(await ask(tokens, token)).toMatchObject({ name: 'system:serviceaccount:ns:sa' });
  });

  test('are not for others', async () => {
    const { client, tokens, uid } = await world();
    const { token } = await tokens.issue({ namespace: 'ns', name: 'sa', uid, spec: { audiences: ['vault'] } });
    await expect(ask(tokens, token)).rejects.toThrow('token audiences ["vault"] is invalid for the target audiences');
    expect(await tokens.review(token, ['vault', 'x'])).toMatchObject({ audiences: ['vault'] });
    const other = await world();
    const { token: foreign } = await other.tokens.issue({ namespace: 'ns', name: 'sa', uid: other.uid, spec: { audiences: [] } });
    await expect(ask(tokens, foreign)).rejects.toThrow('invalid bearer token');
    expect(await ask(tokens, 'no.jwt')).toBeUndefined();
    client.remove(refs.serviceAccounts as never, 'ns/sa');
    const reviews = createReviews({ authenticators: [statics], tokens, authorizer: allowAuthenticated });
    const context = { user: { name: 'x', groups: [] }, warn: () => undefined };
    expect(await reviews.reviewToken({ token, audiences: ['vault'] }, context)).toMatchObject({
      authenticated: false,
      error: expect.stringContaining('not found'),
    });
    expect(await reviews.reviewToken({ token: 'secret' }, context)).toMatchObject({ authenticated: true, user: { username: 'admin' } });
  });

  test('bind only to what is there and fits', async () => {
    const { client, tokens, uid } = await world();
    const issue = (boundObjectRef: object) => tokens.issue({ namespace: 'ns', name: 'sa', uid, spec: { audiences: [], boundObjectRef } });
    await expect(issue({ kind: 'Pod', apiVersion: 'v1', name: 'p' })).rejects.toMatchObject({ code: 404 });
    client.seed(refs.pods, { metadata: { name: 'p', namespace: 'ns' }, spec: { serviceAccountName: 'other' } });
    await expect(issue({ kind: 'Pod', apiVersion: 'v1', name: 'p' })).rejects.toThrow(
      'cannot bind token for serviceaccount "sa" to pod running with different serviceaccount name.',
    );
    client.seed(refs.secrets, { metadata: { name: 's', namespace: 'ns' } });
    await expect(issue({ kind: 'Secret', apiVersion: 'v1', name: 's', uid: 'wrong' })).rejects.toMatchObject({ code: 409 });
    await expect(issue({ kind: 'Deployment', apiVersion: 'apps/v1', name: 's' })).rejects.toThrow(
      'cannot bind token to object of type apps/v1, Kind=Deployment',
    );
  });
});
