/**
 * Where the nodes of a test bed are and how they are cabled, as values. Every node is a network namespace; a further one is the
 * fabric: a switch (all nodes on one segment) or a router (each node on a segment of its own). The machine itself is plugged in too.
 */
export interface BedShape {
  readonly name: string;
  readonly count: number;
  /** Each node on a segment of its own, behind a router. */
  readonly routed: boolean;
  /** 1 to 254; makes the addresses of several beds on one machine different. */
  readonly subnet: number;
}

export interface NodePlace {
  /** `n1`, `n2`, ... */
  readonly name: string;
  /** Its network namespace, below /run/netns. */
  readonly namespace: string;
  readonly ips: readonly [string, string];
}

interface Port {
  readonly namespace: string;
  readonly device: string;
  /** With prefix lengths. */
  readonly addresses: readonly [string, string];
  /** The fabric's end in a routed bed. */
  readonly gateways: readonly [string, string];
}

export function fabricNamespace({ name }: BedShape): string {
  return `co-${name}-lan`;
}

/** The machine's own interface into the bed. */
export function hostDevice({ name }: BedShape): string {
  return `cobed-${name}`.slice(0, 15);
}

export function nodePlaces(shape: BedShape): NodePlace[] {
  return Array.from({ length: shape.count }, (_, i) => {
    const { addresses } = portOf(shape, i + 1);
    const ips = addresses.map((address) => address.replace(/\/.*/, '')) as [string, string];
    return { name: `n${String(i + 1)}`, namespace: namespaceOf(shape, i + 1), ips };
  });
}

function namespaceOf({ name }: BedShape, index: number): string {
  return `co-${name}-n${String(index)}`;
}

/** Port 0 is the machine's. */
function portOf(shape: BedShape, index: number): Port {
  const v4 = `172.30.${String(shape.subnet)}`;
  const v6 = `fd30:0:${shape.subnet.toString(16)}`;
  const common = { namespace: index === 0 ? '' : namespaceOf(shape, index), device: index === 0 ? hostDevice(shape) : 'eth0' };
  if (!shape.routed) {
    const at = String(10 + index);
    return { ...common, addresses: [`${v4}.${at}/24`, `${v6}::${at}/64`], gateways: ['', ''] };
  }
  const base = 8 * index;
  const segment = `${v6}:${String(index)}`;
  return {
    ...common,
    addresses: [`${v4}.${String(base + 2)}/29`, `${segment}::2/64`],
    gateways: [`${v4}.${String(base + 1)}`, `${segment}::1`],
  };
}

/** `ip -batch` lines by namespace ('' is the machine's), in the order in which they are to be run. */
export function cabling(shape: BedShape): [namespace: string, lines: string[]][] {
  const fabric = fabricNamespace(shape);
  const steps: [string, string[]][] = [
    [fabric, ['link set lo up', ...(shape.routed ? [] : ['link add br0 type bridge', 'link set br0 up'])]],
  ];
  for (let index = 0; index <= shape.count; index++) {
    const port = portOf(shape, index);
    const plug = `port${String(index)}`;
    steps.push([port.namespace, nodeCommands(shape, port, plug)], [fabric, plugCommands(shape, port, plug)]);
  }
  return steps;
}

function plugCommands(shape: BedShape, { gateways }: Port, plug: string): string[] {
  const lines = shape.routed
    ? [`addr add ${gateways[0]}/29 dev ${plug}`, `addr add ${gateways[1]}/64 dev ${plug} nodad`]
    : [`link set ${plug} master br0`];
  return [...lines, `link set ${plug} up`];
}

function nodeCommands(shape: BedShape, { namespace, device, addresses, gateways }: Port, plug: string): string[] {
  const lines = [
    `link add ${device} type veth peer name ${plug} netns ${fabricNamespace(shape)}`,
    ...(namespace === '' ? [] : ['link set lo up']),
    `addr add ${addresses[0]} dev ${device}`,
    `addr add ${addresses[1]} dev ${device} nodad`,
    `link set ${device} up`,
  ];
  if (!shape.routed) return lines;
  const ranges =
    namespace === '' ? [`172.30.${String(shape.subnet)}.0/24`, `fd30:0:${shape.subnet.toString(16)}::/48`] : ['default', 'default'];
  return [...lines, `route add ${ranges[0] ?? ''} via ${gateways[0]}`, `route add ${ranges[1] ?? ''} via ${gateways[1]}`];
}
