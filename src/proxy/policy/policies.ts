/**
 * Network policies of a node: NetworkPolicies, pods and namespaces to the policy table. Nothing but the policies is watched, and no table
 * made, before there is one. A full replacement first (an earlier process's rules serve until then), single elements afterwards.
 */
import type { EndpointSlice, Namespace, NetworkPolicy, Pod } from '../../api/generated/types.ts';
import { Backoff } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import { delay } from '../../base/clock.ts';
import type { Commands } from '../../base/command.ts';
import type { Running } from '../../base/lifecycle.ts';
import { Lifecycle, running } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import type { Informers } from '../../client/informer-factory.ts';
import type { Cached } from '../../client/informer-store.ts';
import { joinKey, keyOf } from '../../client/informer-store.ts';
import type { Informer } from '../../client/informer.ts';
import { refs } from '../../client/refs.ts';
import { watchRules } from '../nftables/rule-watch.ts';
import type { NftSession } from '../nftables/session.ts';
import { openNftSession } from '../nftables/session.ts';
import { podFacts } from './pod-facts.ts';
import type { DnsEndpoint } from './policy-model.ts';
import { PolicyModel } from './policy-model.ts';
import { policyTable } from './policy-text.ts';
import { removeTableText } from './reset.ts';

export interface NetworkPoliciesOptions {
  readonly informers: Informers;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Six hex digits that mark everything made on the host. */
  readonly instance: string;
  readonly nodeName: string;
  readonly commands: Commands;
}

export interface NetworkPolicies extends Running {
  /** Resolves when the rules of the policies that are there stand in the kernel. */
  readonly synced: Promise<void>;
  /** Resolves when everything the informers have delivered so far is in the kernel. */
  settled(): Promise<void>;
  /**
   * Resolves when the policies that select a pod of this node hold for these addresses: to be called before its containers start, when
   * its status does not tell them yet. Waits a few seconds at most.
   */
  protect(pod: { readonly namespace: string; readonly name: string }, ips: readonly string[]): Promise<void>;
}

/** How long a pod's start waits for its policies. */
const patienceMs = 5000;

export function startNetworkPolicies(options: NetworkPoliciesOptions): NetworkPolicies {
  const lifecycle = new Lifecycle();
  const session = lifecycle.add(openNftSession(options));
  const enforcer = lifecycle.add(new Enforcer({ ...options, session }));
  enforcer.begin();
  return {
    synced: enforcer.synced,
    settled: () => enforcer.settled(),
    protect: (pod, ips) => enforcer.protect(joinKey(pod.namespace, pod.name), ips),
    ...running(() => lifecycle.stop()),
  };
}

interface EnforcerParts extends NetworkPoliciesOptions {
  readonly session: NftSession;
}

/** States: waiting for policies -> (the first one) filling the model -> replacing the table -> following; a refused change leads back to replacing. */
class Enforcer implements Running {
  readonly synced: Promise<void>;
  readonly #parts: EnforcerParts;
  readonly #lifecycle = new Lifecycle();
  readonly #model: PolicyModel;
  readonly #admitted = new Map<string, readonly string[]>();
  readonly #awaited = new Map<string, () => void>();
  readonly #backoff: Backoff;
  readonly #abort = new AbortController();
  readonly #pods: () => Informer<Pod>;
  #isFollowing = false;
  #replace = true;
  #dirty = false;
  #work: Promise<void> | undefined;
  #markSynced: () => void = () => undefined;

  constructor(parts: EnforcerParts) {
    this.#parts = parts;
    this.#model = new PolicyModel(parts.instance);
    this.#pods = () => parts.informers.of(refs.pods);
    this.#backoff = new Backoff({ initialMs: 200, maxMs: 30_000, factor: 2, jitter: 0, resetMs: 60_000, clock: parts.clock });
    this.synced = new Promise((resolve) => (this.#markSynced = resolve));
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#markSynced();
    await this.#work;
    await this.#lifecycle.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  begin(): void {
    const policies = this.#parts.informers.of(refs.networkPolicies);
    const touch = (policy: NetworkPolicy): void => {
      if (!this.#isFollowing) return this.#kick();
      this.#model.setPolicy(keyOf(policy), policies.store.get(keyOf(policy)));
      this.#changed();
    };
    this.#lifecycle.add(policies.handle(following(touch)));
    void policies.synced.then(() => this.#kick());
  }

  async settled(): Promise<void> {
    await this.synced;
    while (this.#work !== undefined) await this.#work;
  }

  async protect(key: string, ips: readonly string[]): Promise<void> {
    const inForce = (async (): Promise<void> => {
      await this.synced;
      if (!this.#isFollowing) return;
      this.#admitted.set(key, ips);
      const pods = this.#pods();
      if (pods.store.get(key) === undefined) await new Promise<void>((resolve) => this.#awaited.set(key, resolve));
      this.#touchPod(key);
      await this.settled();
    })();
    const tooLong = new AbortController();
    const outcome = await Promise.race([inForce, delay(this.#parts.clock, patienceMs, tooLong.signal).then(() => 'late' as const)]);
    tooLong.abort();
    if (outcome === 'late') this.#parts.logger.warn({ pod: key }, 'the pod starts before its network policies stand');
    this.#awaited.delete(key);
    if (this.#pods().store.get(key) === undefined) this.#admitted.delete(key);
  }

  get #hasPolicies(): boolean {
    return this.#parts.informers.of(refs.networkPolicies).store.size > 0;
  }

  #changed(): void {
    this.#dirty = true;
    this.#kick();
  }

  #kick(): void {
    if (this.#abort.signal.aborted || !this.#parts.informers.of(refs.networkPolicies).hasSynced) return;
    this.#work ??= this.#drain().finally(() => {
      this.#work = undefined;
    });
  }

  async #drain(): Promise<void> {
    do {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#abort.signal.aborted) return;
      try {
        await this.#sync();
      } catch (error) {
        await this.#refused(error);
      }
    } while (this.#replace || this.#dirty || (!this.#isFollowing && this.#hasPolicies));
  }

  async #sync(): Promise<void> {
    const { commands, session } = this.#parts;
    if (!this.#isFollowing) {
      if (!this.#hasPolicies) {
        // What an earlier process left. Once for all: from now on only the first policy makes a table.
        if (this.#replace) await commands.run('nft', ['-f', '-'], removeTableText(this.#parts.instance));
        this.#replace = false;
        return this.#markSynced();
      }
      await this.#fill();
      if (this.#abort.signal.aborted) return;
    }
    this.#dirty = false;
    if (!this.#replace) return session.apply(this.#model.table.takeCommands());
    await commands.run('nft', ['-f', '-'], this.#model.table.fullText());
    this.#replace = false;
    this.#markSynced();
  }

  /** A refused change means that the table is not what it should be: it is replaced at once. A refused table waits. */
  async #refused(error: unknown): Promise<void> {
    if (this.#replace) {
      this.#parts.logger.error({ err: error }, 'nft refused the rules of network policies');
      await delay(this.#parts.clock, this.#backoff.next(), this.#abort.signal);
      return;
    }
    this.#parts.logger.warn({ err: error }, 'nft refused a change of the network policies; replacing the whole table');
    this.#replace = true;
  }

  /** The first policy: from here on everything is watched, and the table kept even if all policies go. */
  async #fill(): Promise<void> {
    const { informers, instance, commands, clock, logger } = this.#parts;
    const namespaces = informers.of(refs.namespaces);
    const pods = this.#pods();
    const slices = informers.of(refs.endpointSlices);
    await Promise.race([Promise.all([namespaces.synced, pods.synced, slices.synced]), aborted(this.#abort.signal)]);
    if (this.#abort.signal.aborted) return;
    const touchNamespace = ({ metadata }: Namespace): void => {
      const found = namespaces.store.get(metadata.name);
      this.#model.setNamespace(metadata.name, found && (found.metadata.labels ?? {}));
      this.#changed();
    };
    const touchSlice = (slice: EndpointSlice): void => {
      if (!isDns(slice)) return;
      this.#model.setDns([...slices.store.values()].filter(isDns).flatMap(dnsEndpoints));
      this.#changed();
    };
    this.#lifecycle.add(namespaces.handle(following(touchNamespace)));
    this.#lifecycle.add(pods.handle(following((pod: Pod) => this.#touchPod(keyOf(pod)))));
    this.#lifecycle.add(slices.handle(following(touchSlice)));
    const policies = informers.of(refs.networkPolicies);
    for (const policy of policies.store.values()) this.#model.setPolicy(keyOf(policy), policy);
    this.#isFollowing = true;
    this.#replace = true;
    const table = `inet ${policyTable(instance)}`;
    const lost = (): void => {
      logger.warn({}, 'somebody removed the rules of network policies; they are put back');
      this.#replace = true;
      this.#changed();
    };
    this.#lifecycle.add(watchRules({ commands, clock, table, chains: ['egress', 'ingress', 'egress_to_dns'] }, lost));
  }

  #touchPod(key: string): void {
    const pod = this.#pods().store.get(key);
    if (pod === undefined) this.#admitted.delete(key);
    const facts = pod && podFacts(pod, this.#parts.nodeName, this.#admitted.get(key));
    this.#awaited.get(key)?.();
    if (this.#model.setPod(key, facts)) this.#changed();
  }
}

function following<T extends Cached>(
  touch: (object: T) => void,
): { add(object: T): void; update(old: T, object: T): void; delete(object: T): void } {
  return { add: touch, update: (_old, object) => touch(object), delete: touch };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Of the cluster's DNS, where that is no pod. */
function isDns({ metadata }: EndpointSlice): boolean {
  return metadata.namespace === 'kube-system' && metadata.labels?.['kubernetes.io/service-name'] === 'kube-dns';
}

function dnsEndpoints({ endpoints, ports }: EndpointSlice): DnsEndpoint[] {
  return (endpoints ?? [])
    .filter(({ targetRef }) => targetRef === undefined)
    .flatMap(({ addresses }) =>
      addresses.flatMap((ip) =>
        (ports ?? []).flatMap(({ name, port, protocol = 'TCP' }): DnsEndpoint[] =>
          port === undefined || (name !== 'dns' && name !== 'dns-tcp') ? [] : [{ ip, port, protocol: protocol === 'UDP' ? 'udp' : 'tcp' }],
        ),
      ),
    );
}
