/** Services as proxies in this process, where the kernel's packet filter cannot be had: no root, no nft, or not Linux. */
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Family } from '../addresses.ts';
import type { RuleSink } from '../rule-sink.ts';
import type { ServicePortRule } from '../service-ports.ts';
import type { UserspaceFrontend } from './frontends.ts';
import { frontendsOf } from './frontends.ts';
import type { Listener, ListenerOptions } from './listeners.ts';
import { openListener } from './listeners.ts';

export interface UserspaceSinkOptions extends ListenerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
}

export function openUserspaceSink(options: UserspaceSinkOptions): RuleSink {
  return new UserspaceSink(options);
}

class UserspaceSink implements RuleSink {
  readonly mode = 'userspace';
  readonly families: readonly Family[] = ['ip', 'ip6'];
  readonly #options: UserspaceSinkOptions;
  readonly #wanted = new Map<string, readonly UserspaceFrontend[]>();
  readonly #open = new Map<string, Listener>();
  /** Frontends that could not be opened, which has been told. */
  readonly #refused = new Set<string>();
  readonly #changed = new Set<string>();

  constructor(options: UserspaceSinkOptions) {
    this.#options = options;
  }

  set(service: string, rules: readonly ServicePortRule[]): void {
    const frontends = frontendsOf(rules);
    for (const { key } of [...frontends, ...(this.#wanted.get(service) ?? [])]) this.#changed.add(key);
    if (frontends.length === 0) this.#wanted.delete(service);
    else this.#wanted.set(service, frontends);
  }

  /** Cluster addresses are not served here. */
  setRanges(): void {
    return;
  }

  async apply(): Promise<{ full: boolean }> {
    const changed = new Set(this.#changed);
    this.#changed.clear();
    const wanted = new Map<string, UserspaceFrontend>();
    for (const frontends of this.#wanted.values())
      for (const frontend of frontends) if (changed.has(frontend.key) && !wanted.has(frontend.key)) wanted.set(frontend.key, frontend);
    for (const key of changed) if (!wanted.has(key)) await this.#close(key);
    for (const frontend of wanted.values()) await this.#serve(frontend);
    return { full: false };
  }

  async stop(): Promise<void> {
    for (const key of [...this.#open.keys()]) await this.#close(key);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #serve(frontend: UserspaceFrontend): Promise<void> {
    const open = this.#open.get(frontend.key);
    if (open !== undefined) {
      open.frontend = frontend;
      return;
    }
    try {
      this.#open.set(frontend.key, await openListener(frontend, this.#options));
      this.#refused.delete(frontend.key);
    } catch (error) {
      if (!this.#refused.has(frontend.key)) this.#options.logger.warn({ err: error }, `cannot serve ${frontend.key}`);
      this.#refused.add(frontend.key);
    }
  }

  async #close(key: string): Promise<void> {
    const open = this.#open.get(key);
    this.#open.delete(key);
    this.#refused.delete(key);
    await open?.stop();
  }
}
