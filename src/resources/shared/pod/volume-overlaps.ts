/** Files of one volume that lie in each other's way: accepted, with a warning. warningsForOverlappingVirtualPaths of pkg/api/pod. */
import type { Volume } from '../../../api/generated/types.ts';
import { goQuoted } from '../../../api/go-text.ts';

interface Placed {
  readonly path: string;
  readonly source: string;
}
type Projection = NonNullable<NonNullable<Volume['projected']>['sources']>[number];

export function overlappingPaths(volumes: readonly Volume[]): string[] {
  return volumes.flatMap((volume) => {
    const { name, configMap, secret, downwardAPI, projected } = volume;
    return [
      ...overlaps(name, `ConfigMap ${goQuoted(configMap?.name ?? '')}`, paths(configMap?.items, '')),
      ...overlaps(name, `Secret ${goQuoted(secret?.secretName ?? '')}`, paths(secret?.items, '')),
      ...overlaps(name, 'DownwardAPI', paths(downwardAPI?.items, '')),
      ...(projected?.sources ?? []).flatMap((source) =>
        Object.keys(source).length === 0 ? [`volume ${goQuoted(name)} (Projected) has no sources provided`] : [],
      ),
      ...overlaps(name, 'Projected', (projected?.sources ?? []).flatMap(projectedPaths)),
    ];
  });
}

const paths = (items: readonly { readonly path: string }[] | undefined, source: string): Placed[] =>
  (items ?? []).map(({ path }) => ({ path, source }));

function projectedPaths({ configMap, secret, downwardAPI, serviceAccountToken: token, clusterTrustBundle: bundle }: Projection): Placed[] {
  if (configMap?.items !== undefined) return paths(configMap.items, `ConfigMap ${goQuoted(configMap.name ?? '')}`);
  if (secret?.items !== undefined) return paths(secret.items, `Secret ${goQuoted(secret.name ?? '')}`);
  if (downwardAPI?.items !== undefined) return paths(downwardAPI.items, 'DownwardAPI');
  if (token !== undefined) return [{ path: token.path, source: 'ServiceAccountToken' }];
  if (bundle === undefined) return [];
  return [{ path: bundle.path, source: `ClusterTrustBundle ${goQuoted(bundle.name ?? bundle.signerName ?? '')}` }];
}

function overlaps(volume: string, description: string, all: readonly Placed[]): string[] {
  const seen: Placed[] = [];
  const warnings: string[] = [];
  for (const { path, source } of all) {
    const placed = { path: path.replace(/\/+$/, ''), source };
    for (const other of seen) {
      if (!meet(placed.path, other.path)) continue;
      warnings.push(`volume ${goQuoted(volume)} (${description}): overlapping paths: ${shown(placed)} with ${shown(other)}`);
    }
    seen.push(placed);
  }
  return warnings;
}

function meet(one: string, other: string): boolean {
  if (one === '' || other === '') return false;
  return `${one}/`.startsWith(`${other}/`) || `${other}/`.startsWith(`${one}/`);
}

const shown = ({ path, source }: Placed): string => `${goQuoted(path)}${source === '' ? '' : ` (${source})`}`;
