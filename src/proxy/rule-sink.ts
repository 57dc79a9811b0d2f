/** What puts the rules of services in force: nftables, or proxies of our own. */
import type { Family } from './addresses.ts';
import type { Running } from '../base/lifecycle.ts';
import type { ServicePortRule } from './service-ports.ts';

/** Canonical CIDRs. */
export interface Ranges {
  /** Of cluster addresses. */
  readonly serviceCIDRs: readonly string[];
  /** Of the pods of this node. */
  readonly nodePodCIDRs: readonly string[];
}

export interface RuleSink extends Running {
  readonly mode: 'nftables' | 'userspace';
  readonly families: readonly Family[];
  /** What a service (`namespace/name`) is now; in force after the next {@link apply}. */
  set(service: string, rules: readonly ServicePortRule[]): void;
  /** What is named replaces what was; in force after the next {@link apply}. */
  setRanges(ranges: Partial<Ranges>): void;
  /** Puts in force what was set; answers whether everything had to be written anew. Rejects when that failed: call it again later. */
  apply(): Promise<{ readonly full: boolean }>;
}
