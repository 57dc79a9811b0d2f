import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../base/clock.ts';
import type { Image, Runtime } from '../runtimes/runtime.ts';
import { testPod } from '../testing/pods.ts';
import { createImagePuller, withTag } from './images.ts';
import type { ImageRequest } from './images.ts';
import { chooseCredentials, credentialsOf } from './registry-auth.ts';

test.each([
  ['nginx', 'nginx:latest'],
  ['nginx:1', 'nginx:1'],
  ['host:5000/a/b', 'host:5000/a/b:latest'],
  [`a@sha256:${'0'.repeat(64)}`, `a@sha256:${'0'.repeat(64)}`],
  ['Bad', undefined],
  ['a b', undefined],
])('%s is %s', (image, expected) => {
  expect(withTag(image)).toBe(expected);
});

const image: Image = { id: 'sha256:1', tags: [], digests: [], bytes: 5, user: '' };

describe('pull policies', () => {
  function setUp(present: boolean, pull: () => Promise<void> = async () => undefined) {
    const events: string[] = [];
    let there = present;
    const runtime = {
      imageStatus: async () => (there ? image : undefined),
      pullImage: async () => {
        await pull();
        there = true;
      },
    } as unknown as Runtime;
    const clock = new FakeClock();
    const puller = createImagePuller({ runtime, clock });
    const request = (policy: string): ImageRequest => ({
      pod: testPod(),
      image: 'web',
      policy,
      references: {} as never,
      event: (_type, reason, message) => void events.push(`${reason}: ${message}`),
    });
    return { events, clock, ensure: (policy: string) => puller.ensure(request(policy)) };
  }

  test('what is there is not pulled, unless always', async () => {
    const { ensure, events } = setUp(true);
    await ensure('IfNotPresent');
    await ensure('Always');
    expect(events).toEqual([
      'Pulled: Container image "web" already present on machine and can be accessed by the pod',
      'Pulling: Pulling image "web"',
      'Pulled: Successfully pulled image "web" in 0.000s (0.000s including waiting). Image size: 5 bytes.',
    ]);
  });

  test('never', async () => {
    await expect(setUp(false).ensure('Never')).rejects.toMatchObject({
      reason: 'ErrImageNeverPull',
      message: 'Container image "web" is not present with pull policy of Never',
    });
  });

  test('after a failed pull comes a back-off', async () => {
    const { ensure, events, clock } = setUp(false, () => Promise.reject(new Error('no such host')));
    await expect(ensure('IfNotPresent')).rejects.toMatchObject({ reason: 'ErrImagePull', message: 'no such host' });
    await expect(ensure('IfNotPresent')).rejects.toMatchObject({
      reason: 'ImagePullBackOff',
      message: 'Back-off pulling image "web": ErrImagePull: no such host',
      retryMs: 10_000,
    });
    await clock.advance(10_000);
    await expect(ensure('IfNotPresent')).rejects.toMatchObject({ reason: 'ErrImagePull' });
    expect(events).toEqual([
      'Pulling: Pulling image "web"',
      'Failed: Failed to pull image "web": no such host',
      'BackOff: Back-off pulling image "web"',
      'Pulling: Pulling image "web"',
      'Failed: Failed to pull image "web": no such host',
    ]);
  });
});

describe('credentials', () => {
  const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');
  const basic = (text: string): { auth: string } => ({ auth: Buffer.from(text).toString('base64') });
  const json = (auths: object) =>
    credentialsOf({ type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': encoded({ auths }) } });
  const users = (auths: object, image: string): (string | undefined)[] =>
    chooseCredentials(json(auths), image).map(({ auth }) => auth.username);

  test('both forms of secrets; what cannot be read gives none', () => {
    const found = [{ place: 'r.example', auth: { username: 'me', password: 'pass:word' } }];
    expect(json({ 'https://r.example/v1/': basic('me:pass:word') })).toEqual(found);
    const old = { '.dockercfg': encoded({ 'r.example': { username: 'me', password: 'pass:word' } }) };
    expect(credentialsOf({ type: 'kubernetes.io/dockercfg', data: old })).toEqual(found);
    expect(credentialsOf({ type: 'Opaque', data: old })).toEqual([]);
    expect(credentialsOf({ type: 'kubernetes.io/dockercfg', data: { '.dockercfg': '!' } })).toEqual([]);
  });

  test.each([
    ['r.example/a:1', ['host']],
    ['r.example/team/a:1', ['team', 'host']],
    ['r.example:5000/a', ['port']],
    ['eu.cloud.example/a@sha256:00', ['any']],
    ['a.eu.cloud.example/a', []],
    ['other.example/a', []],
    ['nginx', ['hub']],
    ['me/nginx:1', ['hub']],
    ['docker.io/me/nginx', ['hub']],
  ])('for %s', (image, wanted) => {
    const auths = {
      'r.example': basic('host:x'),
      'r.example/team': basic('team:x'),
      'r.example:5000': basic('port:x'),
      '*.cloud.example': basic('any:x'),
      'https://index.docker.io/v1/': basic('hub:x'),
    };
    expect(users(auths, image)).toEqual(wanted);
  });
});
