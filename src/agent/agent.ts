import type { Running } from '../base/lifecycle.ts';
import type { AgentOptions } from './options.ts';

export type { AgentOptions } from './options.ts';

export interface Agent extends Running {
  /** Port of the kubelet API; 0 when it is not served. */
  readonly kubeletPort: number;
}

/** Resolves when the node is registered. Stopping leaves containers and the Node object as they are. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  throw new Error(`not yet: ${options.nodeName}`);
}
