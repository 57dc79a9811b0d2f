/** The configuration as the ConfigMap kube-system/coredns-custom has it now; a change counts for the next question. */
import type { ConfigMap } from '../api/generated/types.ts';
import type { Running } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { Informer, InformerOptions } from '../client/informer.ts';
import { startInformer } from '../client/informer.ts';
import { refs } from '../client/refs.ts';
import type { DnsConfig } from './corefile.ts';
import { readDnsConfig } from './corefile.ts';

const namespace = 'kube-system';
const name = 'coredns-custom';

export interface CustomConfig extends Running {
  readonly current: DnsConfig;
  readonly revision: number;
  readonly synced: Promise<void>;
}

export function followCustomConfig(options: InformerOptions): CustomConfig {
  const informer = startInformer(refs.configMaps, options, { namespace, fieldSelector: `metadata.name=${name}` });
  return new Follower(informer, options.logger);
}

class Follower implements CustomConfig {
  current: DnsConfig = { zones: [], problems: [] };
  readonly #informer: Informer<ConfigMap>;

  constructor(informer: Informer<ConfigMap>, logger: Logger) {
    this.#informer = informer;
    const take = (map: ConfigMap): void => {
      if (map.metadata.name !== name) return;
      this.current = readDnsConfig(map.data ?? {});
      if (this.current.problems.length > 0) logger.warn({ problems: this.current.problems }, `ConfigMap ${namespace}/${name}: left out`);
    };
    const drop = (map: ConfigMap): void => {
      if (map.metadata.name === name) this.current = { zones: [], problems: [] };
    };
    informer.handle({ add: take, update: (_old, map) => take(map), delete: drop });
  }

  get revision(): number {
    return this.#informer.revision;
  }

  get synced(): Promise<void> {
    return this.#informer.synced;
  }

  stop(): Promise<void> {
    return this.#informer.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
