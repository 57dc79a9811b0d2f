import type { Plugin } from '../../framework.ts';
import { maxScore } from '../../framework.ts';

const megabyte = 1024 * 1024;
const minThreshold = 23 * megabyte;
const maxContainerThreshold = 1000 * megabyte;

/** Nodes that have the pod's big images already score higher, weighed by how common the image is. */
export const imageLocality: Plugin = {
  name: 'ImageLocality',
  preScore({ pod }, _nodes, cluster) {
    if (cluster.images.isEmpty) return undefined;
    const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
    const volumes = pod.spec.volumes?.flatMap(({ image }) => image?.reference ?? []) ?? [];
    const known = [...containers.map(({ image = '' }) => image), ...volumes].flatMap((name) => {
      const state = cluster.images.get(normalized(name));
      return state === undefined ? [] : [{ nodes: state.nodes, part: Math.trunc(state.size * (state.nodes.size / cluster.nodes.length)) }];
    });
    if (known.length === 0) return undefined;
    const most = maxContainerThreshold * containers.length;
    return {
      score: ({ name }) => {
        let sum = 0;
        for (const { nodes, part } of known) if (nodes.has(name)) sum += part;
        return Math.trunc((maxScore * (Math.min(most, Math.max(minThreshold, sum)) - minThreshold)) / (most - minThreshold));
      },
    };
  },
};

/** Names without tag or digest mean `latest`. */
function normalized(image: string): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image;
}
