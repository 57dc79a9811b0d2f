/** Pods that files of this node ask for (pkg/kubelet/config/file.go, common.go). */
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '../../api/generated/types.ts';
import { stableStringify } from '../../base/json-equal.ts';
import type { Logger } from '../../base/logger.ts';

const hashAnnotation = 'kubernetes.io/config.hash';
export const mirrorAnnotation = 'kubernetes.io/config.mirror';

export interface ManifestSource {
  /** A folder, or a single file. */
  readonly path: string;
  readonly nodeName: string;
  /** The pod of a text, complete and valid; throws or rejects when it is none. */
  readonly parse: (text: string) => Pod | Promise<Pod>;
  readonly logger: Logger;
}

/** Pods by namespace/name. Files whose names begin with a dot are left alone; what is wrong is logged. */
export async function readManifests(source: ManifestSource): Promise<Map<string, Pod>> {
  const pods = new Map<string, Pod>();
  for (const file of await manifestFiles(source.path)) {
    try {
      const pod = staticPod(await source.parse(await readFile(file, 'utf8')), file, source.nodeName);
      pods.set(`${pod.metadata.namespace ?? ''}/${pod.metadata.name}`, pod);
    } catch (error) {
      source.logger.error({ err: error, file }, 'a file of static pods could not be used');
    }
  }
  return pods;
}

async function manifestFiles(path: string): Promise<string[]> {
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isDirectory() !== true) return stats === undefined ? [] : [path];
  const entries = await readdir(path, { withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => join(path, entry.name))
    .sort();
}

/** The pod as this node runs it. Its uid changes with its content. */
export function staticPod(pod: Pod, file: string, nodeName: string): Pod {
  const { metadata, spec } = pod;
  const uid =
    metadata.uid ??
    createHash('md5')
      .update(`${stableStringify({ metadata, spec })}host:${nodeName}file:${file}`)
      .digest('hex');
  const tolerations = (spec.tolerations ?? []).filter(({ key, effect }) => !((key ?? '') === '' && effect === 'NoExecute'));
  return {
    ...pod,
    metadata: {
      ...metadata,
      name: `${metadata.name}-${nodeName.toLowerCase()}`,
      namespace: metadata.namespace ?? 'default',
      uid,
      annotations: {
        ...metadata.annotations,
        [hashAnnotation]: uid,
        'kubernetes.io/config.source': 'file',
      },
    },
    spec: { ...spec, nodeName, tolerations: [...tolerations, { operator: 'Exists', effect: 'NoExecute' }] },
  };
}
