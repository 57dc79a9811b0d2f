import ipaddr from 'ipaddr.js';

export interface PodAddress {
  /** Place in the range; the same in both families. */
  readonly ordinal: number;
  /** One a family, in the order of the CIDRs. */
  readonly ips: readonly string[];
}

/** No address is left in the node's pod CIDR. */
export class AddressesExhausted extends Error {}

/**
 * Hands out the addresses of a node's pod CIDRs. The first address of each is the gateway; a freed address is the last to come
 * up again, so that whoever still talks to the old owner does not meet the new one.
 */
export class AddressPool {
  readonly #ranges: readonly Range[];
  readonly #last: number;
  readonly #used = new Set<number>();
  #next = 2;

  constructor(cidrs: readonly string[]) {
    this.#ranges = cidrs.map(parseRange);
    // The broadcast address of an IPv4 range is left out; beyond 2^16 pods a node has other troubles.
    this.#last = Math.min(65_534, ...this.#ranges.map((range) => range.size - 2));
    if (this.#last < 2) throw new RangeError(`pod CIDR too small: ${cidrs.join(',')}`);
  }

  get gateways(): readonly string[] {
    return this.#at(1).ips;
  }

  allocate(): PodAddress {
    for (let tried = 2; tried <= this.#last; tried++) {
      const ordinal = this.#next;
      this.#next = ordinal >= this.#last ? 2 : ordinal + 1;
      if (this.#used.has(ordinal)) continue;
      this.#used.add(ordinal);
      return this.#at(ordinal);
    }
    throw new AddressesExhausted(`all ${this.#last - 1} pod addresses of this node are in use`);
  }

  /** Marks an address found in use (after a restart); undefined when it is not of this range. */
  adopt(ordinal: number): PodAddress | undefined {
    if (!Number.isInteger(ordinal) || ordinal < 2 || ordinal > this.#last) return undefined;
    this.#used.add(ordinal);
    if (ordinal >= this.#next) this.#next = ordinal >= this.#last ? 2 : ordinal + 1;
    return this.#at(ordinal);
  }

  free(ordinal: number): void {
    this.#used.delete(ordinal);
  }

  #at(ordinal: number): PodAddress {
    return { ordinal, ips: this.#ranges.map((range) => range.at(ordinal)) };
  }
}

interface Range {
  readonly size: number;
  at(ordinal: number): string;
}

function parseRange(cidr: string): Range {
  const [address, prefix] = ipaddr.parseCIDR(cidr);
  const bits = address.kind() === 'ipv4' ? 32 : 128;
  const base = (
    address.kind() === 'ipv4' ? ipaddr.IPv4.networkAddressFromCIDR(cidr) : ipaddr.IPv6.networkAddressFromCIDR(cidr)
  ).toByteArray();
  return {
    size: 2 ** Math.min(bits - prefix, 32),
    at: (ordinal) => {
      const bytes = [...base];
      let carry = ordinal;
      for (let i = bytes.length - 1; carry > 0 && i >= 0; i--) {
        const sum = (bytes[i] ?? 0) + (carry & 0xff);
        bytes[i] = sum & 0xff;
        carry = (carry >>> 8) + (sum >>> 8);
      }
      return ipaddr.fromByteArray(bytes).toString();
    },
  };
}

/** The first address of a CIDR. */
export function gatewayOf(cidr: string): string {
  return parseRange(cidr).at(1);
}

/** Whether a CIDR or an address is IPv6. */
export function isIPv6(text: string): boolean {
  return text.includes(':');
}
