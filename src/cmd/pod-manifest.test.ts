import { expect, test } from '@jest/globals';
import { podFromManifest } from './pod-manifest.ts';

const manifest = (spec: string): string => `apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: ${spec}\n`;
const container = '{name: web, image: nginx}';

test('a pod is made complete as the API server would', () => {
  expect(podFromManifest(manifest(`{containers: [${container}]}`))).toMatchObject({
    metadata: { name: 'web', namespace: 'default' },
    spec: { restartPolicy: 'Always', terminationGracePeriodSeconds: 30, containers: [{ imagePullPolicy: 'Always' }] },
    status: { phase: 'Pending', qosClass: 'BestEffort' },
  });
});

test.each([
  ['kind: Service\napiVersion: v1', 'invalid pod: v1 Service'],
  [manifest('{containers: []}'), 'spec.containers: Required value'],
  [manifest(`{containers: [${container}], serviceAccountName: me}`), 'static pods may not reference serviceaccounts'],
  [manifest(`{containers: [${container}], volumes: [{name: v, secret: {secretName: s}}]}`), 'static pods may not reference secrets'],
  [manifest(`{containers: [{name: web, image: nginx, envFrom: [{configMapRef: {name: c}}]}]}`), 'static pods may not reference configmaps'],
])('%j is refused', (text, why) => {
  expect(() => podFromManifest(text)).toThrow(why);
});
