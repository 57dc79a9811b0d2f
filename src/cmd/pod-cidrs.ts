import type { Node } from '../api/generated/types.ts';
import type { Informers } from '../client/informer-factory.ts';
import { refs } from '../client/refs.ts';

/** The pod networks that the node controller gives this node, as soon as it has; rejects when `signal` is aborted first. */
export async function assignedPodCIDRs(informers: Informers, nodeName: string, signal: AbortSignal): Promise<readonly string[]> {
  const found = Promise.withResolvers<readonly string[]>();
  const look = ({ metadata, spec }: Node): void => {
    if (metadata.name === nodeName && spec.podCIDRs !== undefined && spec.podCIDRs.length > 0) found.resolve(spec.podCIDRs);
  };
  const handling = informers.of(refs.nodes).handle({ add: look, update: (_old, node) => look(node) });
  const stopped = (): void => found.reject(new Error('stopped before the node got its pod network'));
  signal.addEventListener('abort', stopped, { once: true });
  try {
    return await found.promise;
  } finally {
    signal.removeEventListener('abort', stopped);
    await handling.stop();
  }
}
