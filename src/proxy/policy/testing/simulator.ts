/**
 * Runs the nft commands that the policy table is made of, as strictly as the kernel does, and sends packets through them: so that tests
 * see what is let through without a kernel. Knows the expressions of policy-text.ts and no others.
 */
import { cidrContains, parseAddress, parseCidr } from '../../../api/ip.ts';

export interface Packet {
  readonly from: string;
  readonly to: string;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly port: number;
}

interface SimulatedSet {
  readonly isMap: boolean;
  readonly elements: Map<string, string>;
}

export class NftSimulator {
  readonly #sets = new Map<string, SimulatedSet>();
  readonly #chains = new Map<string, string[]>();

  /** A script of takeCommands() or fullText(). Throws where nft would refuse. */
  run(script: string): void {
    const base = /^add table [^]*?^}\n/m.exec(script)?.[0] ?? '';
    if (base !== '') this.#declare(base);
    for (const line of script.slice(base.length).split('\n')) if (line !== '') this.#command(line);
  }

  get setNames(): string[] {
    return [...this.#sets.keys()];
  }

  /** What is in the table, the same for the same contents however they came. */
  dump(): unknown {
    const sorted = <T>(entries: Iterable<[string, T]>): [string, T][] => [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      chains: sorted(this.#chains),
      sets: sorted(this.#sets).map(([name, { elements }]) => [name, sorted(elements)]),
    };
  }

  /** Whether a forwarded packet of a new connection passes both base chains. */
  forwards(packet: Packet): boolean {
    return this.#passes('egress', packet) && this.#passes('ingress', packet);
  }

  /** Whether a packet to the node itself passes. */
  receives(packet: Packet): boolean {
    return this.#passes('egress_to_dns', packet);
  }

  #declare(base: string): void {
    this.#sets.clear();
    this.#chains.clear();
    for (const [, kind, name = ''] of base.matchAll(/^ {2}(set|map) (\S+) /gm))
      this.#sets.set(name, { isMap: kind === 'map', elements: new Map() });
    for (const [, name = '', body = ''] of base.matchAll(/^ {2}chain (\S+) {\n([^}]*)}/gm))
      this.#chains.set(
        name,
        body
          .split('\n')
          .map((line) => line.trim())
          .filter((line) => line !== '' && !line.startsWith('type filter')),
      );
  }

  #command(line: string): void {
    const [, verb = '', kind = '', name = '', rest = ''] = /^(add|flush|delete) (\w+) inet \S+ (\S+) ?(.*)$/.exec(line) ?? [];
    const chain = this.#chains.get(name);
    switch (`${verb} ${kind}`) {
      case 'add set':
        return void this.#sets.set(name, { isMap: false, elements: new Map() });
      case 'delete set':
        if (this.#rulesText().includes(`@${name}`)) throw new Error(`set in use: ${name}`);
        return refuse(!this.#sets.delete(name), line);
      case 'add chain':
        return void this.#chains.set(name, chain ?? []);
      case 'flush chain':
        refuse(chain === undefined, line);
        return void this.#chains.set(name, []);
      case 'delete chain':
        refuse(chain === undefined || chain.length > 0 || this.#isNamed(name), line);
        return void this.#chains.delete(name);
      case 'add rule':
        for (const [, set = ''] of rest.matchAll(/@(\w+)/g)) refuse(!this.#sets.has(set), line);
        for (const [, target = ''] of rest.matchAll(/(?:jump|goto) (\w+)/g)) refuse(!this.#chains.has(target), line);
        refuse(chain === undefined, line);
        return void chain?.push(rest);
      default:
        return this.#elements(verb, name, rest);
    }
  }

  #elements(verb: string, name: string, rest: string): void {
    const set = this.#sets.get(name);
    for (const element of rest.slice(2, -2).split(', ')) {
      const [key = '', value = ''] = element.split(' : ');
      const line = `${verb} ${name} ${element}`;
      if (set === undefined) throw new Error(`refused: ${line}`);
      if (verb === 'delete') refuse(!set.elements.delete(key), line);
      else {
        refuse(set.elements.has(key) || set.isMap !== (value !== ''), line);
        if (value !== '') refuse(!this.#chains.has(value.replace('goto ', '')), line);
        set.elements.set(key, value);
      }
    }
  }

  #rulesText(): string {
    return [...this.#chains.values()].flat().join('\n');
  }

  #isNamed(chain: string): boolean {
    const isTarget = [...this.#sets.values()].some(({ elements }) => [...elements.values()].includes(`goto ${chain}`));
    return isTarget || this.#rulesText().split('\n').includes(`jump ${chain}`);
  }

  #passes(base: string, packet: Packet): boolean {
    return this.#walk(base, packet) !== 'drop';
  }

  #walk(name: string, packet: Packet): 'accept' | 'drop' | undefined {
    for (const rule of this.#chains.get(name) ?? []) {
      const verdict = this.#rule(rule, packet);
      if (verdict === 'accept' || verdict === 'drop') return verdict;
      const [how, target] = verdict?.split(' ') ?? [];
      if (target === undefined) continue;
      const result = this.#walk(target, packet);
      if (result !== undefined || how === 'goto') return result;
    }
    return undefined;
  }

  /** The verdict of one rule, undefined when it does not match. */
  #rule(rule: string, packet: Packet): string | undefined {
    const family = packet.from.includes(':') ? 'ip6' : 'ip';
    const { protocol } = packet;
    let rest = rule;
    const take = (pattern: RegExp): RegExpExecArray | null => {
      const match = pattern.exec(rest);
      if (match !== null) rest = rest.slice(match[0].length).trimStart();
      return match;
    };
    const address = (side: string): string => (side === 'saddr' ? packet.from : packet.to);
    while (rest !== '') {
      let match: RegExpExecArray | null;
      if (/^(accept|drop|jump \w+|goto \w+)$/.test(rest)) return rest;
      if (take(/^ct state established,related accept/) !== null) return undefined;
      if ((match = take(/^(ip6?) saddr \. ip6? daddr @(\w+)/)) !== null) {
        if (match[1] !== family || !this.#has(match[2], `${packet.from} . ${packet.to}`)) return undefined;
      } else if ((match = take(/^(ip6?) daddr \. meta l4proto \. th dport @(\w+)/)) !== null) {
        if (match[1] !== family || !this.#has(match[2], `${packet.to} . ${protocol} . ${packet.port}`)) return undefined;
      } else if ((match = take(/^(ip6?) (saddr|daddr) vmap @(\w+)/)) !== null) {
        return match[1] === family ? this.#sets.get(match[3] ?? '')?.elements.get(address(match[2] ?? '')) : undefined;
      } else if ((match = take(/^(ip6?) (saddr|daddr) @(\w+)/)) !== null) {
        if (match[1] !== family || !this.#has(match[3], address(match[2] ?? ''))) return undefined;
      } else if ((match = take(/^(ip6?) (saddr|daddr) (!= )?(\S+)/)) !== null) {
        if (match[1] !== family || within(match[4] ?? '', address(match[2] ?? '')) === (match[3] !== undefined)) return undefined;
      } else if ((match = take(/^meta nfproto (ipv4|ipv6)/)) !== null) {
        if ((match[1] === 'ipv4') !== (family === 'ip')) return undefined;
      } else if ((match = take(/^meta l4proto (\w+)/)) !== null) {
        if (match[1] !== protocol) return undefined;
      } else if ((match = take(/^(tcp|udp|sctp) dport (?:{ ([^}]*) }|(\S+))/)) !== null) {
        if (match[1] !== protocol || !inRanges(match[2] ?? match[3] ?? '', packet.port)) return undefined;
      } else throw new Error(`unknown expression: ${rest}`);
    }
    return undefined;
  }

  #has(set: string | undefined, key: string): boolean {
    return this.#sets.get(set ?? '')?.elements.has(key) === true;
  }
}

function refuse(is: boolean, line: string): void {
  if (is) throw new Error(`refused: ${line}`);
}

/** Whether a block, as an API object has it, holds an address. */
export function within(cidr: string, ip: string): boolean {
  const block = parseCidr(cidr);
  const address = parseAddress(ip);
  return block !== undefined && address !== undefined && cidrContains(block, address);
}

function inRanges(text: string, port: number): boolean {
  return text.split(', ').some((range) => {
    const [from = 0, to = from] = range.split('-').map(Number);
    return from <= port && port <= to;
  });
}
