/** What userspace proxies listen on for the services: node ports, and external and balancer addresses. Pure. */
import { inRange } from '../addresses.ts';
import type { Backend } from '../backends.ts';
import type { ServicePortRule } from '../service-ports.ts';

/** One listener and where it sends what comes. */
export interface UserspaceFrontend {
  /** Unique: protocol, address and port. */
  readonly key: string;
  readonly protocol: 'TCP' | 'UDP';
  readonly host: string;
  readonly port: number;
  readonly backends: readonly Backend[];
  readonly affinitySeconds: number | undefined;
  /** Empty: everybody may come. */
  readonly sourceRanges: readonly string[];
}

/** SCTP has no sockets here, and cluster addresses cannot be listened on: those are reached by port-forward. */
export function frontendsOf(rules: readonly ServicePortRule[]): UserspaceFrontend[] {
  return rules.flatMap((rule) => {
    const { protocol, family, nodePort, port, externalIPs, loadBalancerIPs, externalLocal, backends, affinitySeconds } = rule;
    if (protocol === 'SCTP') return [];
    const at = (host: string, on: number, sourceRanges: readonly string[] = []): UserspaceFrontend => ({
      ...{ key: `${protocol} ${host} ${on}`, protocol, host, port: on, affinitySeconds, sourceRanges },
      backends: externalLocal ? backends.local : backends.cluster,
    });
    return [
      ...(nodePort === undefined ? [] : [at(family === 'ip' ? '0.0.0.0' : '::', nodePort)]),
      ...externalIPs.map((ip) => at(ip, port)),
      ...loadBalancerIPs.map((ip) => at(ip, port, rule.sourceRanges)),
    ];
  });
}

/** Chooses backends in turn, and the same one for a client while affinity says so. */
export class Chooser {
  readonly #sticky = new Map<string, { readonly key: string; readonly until: number }>();
  #next = 0;

  /** `now` in ms. Undefined: there is none, or the client may not come. */
  choose(
    { backends, affinitySeconds, sourceRanges }: Pick<UserspaceFrontend, 'backends' | 'affinitySeconds' | 'sourceRanges'>,
    client: string,
    now: number,
  ): Backend | undefined {
    if (sourceRanges.length > 0 && !sourceRanges.some((range) => inRange(client, range))) return undefined;
    if (affinitySeconds === undefined) return backends[this.#next++ % Math.max(1, backends.length)];
    const known = this.#sticky.get(client);
    const kept = known !== undefined && known.until > now ? backends.find((backend) => keyOf(backend) === known.key) : undefined;
    const chosen = kept ?? backends[this.#next++ % Math.max(1, backends.length)];
    if (chosen === undefined) return undefined;
    if (kept === undefined) this.#forgetOld(now);
    this.#sticky.set(client, { key: keyOf(chosen), until: now + affinitySeconds * 1000 });
    return chosen;
  }

  #forgetOld(now: number): void {
    for (const [client, { until }] of this.#sticky) if (until <= now) this.#sticky.delete(client);
  }
}

function keyOf({ ip, port }: Backend): string {
  return `${ip} ${port}`;
}
