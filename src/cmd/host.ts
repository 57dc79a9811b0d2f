/** What this machine is called and where it is reached. */
import { hostname, networkInterfaces } from 'node:os';

/** The host name as a node name: lower case, first label and domain as they are. */
export function hostNodeName(name = hostname()): string {
  const clean = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]/g, '-')
    .replaceAll(/^[-.]+|[-.]+$/g, '');
  return clean === '' ? 'node' : clean;
}

/** Interfaces that container engines and Coracle make; their addresses are not the node's. */
const madeByContainers = /^(docker|br-|veth|virbr|cni|flannel|co[0-9a-f]{6})/;

type Interfaces = ReturnType<typeof networkInterfaces>;

/** The node's addresses, IPv4 first, one a family: the first non-internal, non-link-local one; loopback when there is none. */
export function hostAddresses(interfaces: Interfaces = networkInterfaces()): string[] {
  const candidates = Object.entries(interfaces)
    .filter(([name]) => !madeByContainers.test(name))
    .flatMap(([, addresses]) => addresses ?? [])
    .filter((address) => !address.internal && !address.address.startsWith('fe80:') && !address.address.startsWith('169.254.'));
  const v4 = candidates.find((address) => address.family === 'IPv4')?.address;
  const v6 = candidates.find((address) => address.family === 'IPv6')?.address;
  const found = [v4, v6].filter((address) => address !== undefined);
  return found.length === 0 ? ['127.0.0.1'] : found;
}
