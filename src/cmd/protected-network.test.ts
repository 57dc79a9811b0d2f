import { expect, test } from '@jest/globals';
import { running } from '../base/lifecycle.ts';
import type { PodNetwork } from '../agent/network/pod-network.ts';
import { protectedNetwork } from './protected-network.ts';

test('a pod has its network when its policies stand, and not before', async () => {
  const steps: string[] = [];
  const network: PodNetwork = {
    attach: () => Promise.resolve(['10.0.0.1']),
    detach: (uid) => Promise.resolve(void steps.push(`detach ${uid}`)),
    retain: (uids) => Promise.resolve(void steps.push(`retain ${uids.size}`)),
    ...running(() => void steps.push('stop')),
  };
  const policies = Promise.withResolvers<undefined>();
  const both = protectedNetwork(network, {
    protect: async (pod, ips) => {
      steps.push(`protect ${pod.namespace}/${pod.name} ${ips.join()}`);
      await policies.promise;
      steps.push('protected');
    },
  });
  const attached = both
    .attach({ uid: 'u', namespace: 'a', name: 'p', pid: 1 }, [])
    .then((ips) => void steps.push(`attached ${ips.join()}`));
  await new Promise((resolve) => setImmediate(resolve));
  policies.resolve(undefined);
  await attached;
  await both.detach('u');
  await both.retain(new Set(['u']));
  await both.stop();
  expect(steps).toEqual(['protect a/p 10.0.0.1', 'protected', 'attached 10.0.0.1', 'detach u', 'retain 1', 'stop']);
});
