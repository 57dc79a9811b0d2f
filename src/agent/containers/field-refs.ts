/** Values of a pod that its containers ask for: fieldRef and resourceFieldRef; pure. pkg/fieldpath, pkg/api/v1/resource. */
import type { Container, Pod } from '../../api/generated/types.ts';
import { parseQuantity } from '../../api/quantity.ts';

export interface PodAddresses {
  readonly podIPs: readonly string[];
  readonly hostIPs: readonly string[];
}

/** Undefined for a path that is not supported. */
export function fieldValue(pod: Pod, path: string, addresses: PodAddresses): string | undefined {
  const { metadata, spec } = pod;
  const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  if (subscript !== null) return metadata[subscript[1] === 'labels' ? 'labels' : 'annotations']?.[subscript[2] ?? ''] ?? '';
  const values: Readonly<Record<string, string | undefined>> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace ?? '',
    'metadata.uid': metadata.uid,
    'metadata.labels': mapText(metadata.labels),
    'metadata.annotations': mapText(metadata.annotations),
    'spec.nodeName': spec.nodeName ?? '',
    'spec.serviceAccountName': spec.serviceAccountName ?? '',
    'status.hostIP': addresses.hostIPs[0] ?? '',
    'status.hostIPs': addresses.hostIPs.join(','),
    'status.podIP': addresses.podIPs[0] ?? '',
    'status.podIPs': addresses.podIPs.join(','),
  };
  return values[path];
}

/** Labels and annotations in a file: `name="value"` lines in order of names. */
function mapText(map: Readonly<Record<string, string>> = {}): string {
  return Object.keys(map)
    .sort()
    .map((name) => `${name}=${JSON.stringify(map[name])}`)
    .join('\n');
}

/** `resource` is `limits.cpu`, `requests.memory`, ...; a missing limit is the one in `options`. Undefined when not supported. */
export function resourceValue(
  container: Container,
  resource: string,
  options: { divisor?: string | number; limits: Readonly<Record<string, string | number>> },
): string | undefined {
  const [, list, name = ''] = /^(limits|requests)\.(.+)$/.exec(resource) ?? [];
  if (list === undefined) return undefined;
  const { limits = {}, requests = {} } = container.resources ?? {};
  const limit = limits[name];
  const amount = (list === 'limits' ? limit : requests[name]) ?? (list === 'limits' ? options.limits[name] : undefined) ?? '0';
  const { divisor = '0' } = options;
  const by = parseQuantity(divisor).isZero ? parseQuantity('1') : parseQuantity(divisor);
  const units = name === 'cpu' ? parseQuantity(amount).milliValue() / by.milliValue() : parseQuantity(amount).value() / by.value();
  return String(Math.ceil(units));
}

/** What a container without limits may take: the pod's limit, or what the node has to give. */
export function defaultLimits({ spec }: Pod, allocatable: Readonly<Record<string, string>>): Record<string, string | number> {
  return { ...allocatable, ...spec.resources?.limits };
}
