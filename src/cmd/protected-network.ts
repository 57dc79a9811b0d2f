/** Puts network policies between a pod's network and its containers: they start when the policies that select the pod hold. */
import type { PodNetwork } from '../agent/network/pod-network.ts';
import type { NetworkPolicies } from '../proxy/policy/policies.ts';

export function protectedNetwork(network: PodNetwork, policies: Pick<NetworkPolicies, 'protect'>): PodNetwork {
  return {
    attach: async (pod, hostPorts) => {
      const ips = await network.attach(pod, hostPorts);
      await policies.protect(pod, ips);
      return ips;
    },
    detach: (uid) => network.detach(uid),
    retain: (uids) => network.retain(uids),
    stop: () => network.stop(),
    [Symbol.asyncDispose]: () => network.stop(),
  };
}
