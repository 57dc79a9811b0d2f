import type { Plugin } from '../../framework.ts';
import { maxScore } from '../../framework.ts';

const megabyte = 1024 * 1024;
const minThreshold = 23 * megabyte;
const maxContainerThreshold = 1000 * megabyte;

/** Nodes that have the pod's big images already score higher, weighed by how common the image is. */
export const imageLocality: Plugin = {
  name: 'ImageLocality',
  wakesOn: [],
  preScore({ pod }, nodes, cluster) {
    const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
    const images = containers.map((container) => normalized(container.image ?? ''));
    if (!nodes.some((node) => images.some((image) => node.images.has(image)))) return undefined;
    const spread = new Map(
      images.map((image) => [image, cluster.nodes.filter((node) => node.images.has(image)).length / cluster.nodes.length]),
    );
    const most = maxContainerThreshold * containers.length;
    return {
      score: (node) => {
        const sum = images.reduce((total, image) => total + Math.trunc((node.images.get(image) ?? 0) * (spread.get(image) ?? 0)), 0);
        const bounded = Math.min(most, Math.max(minThreshold, sum));
        return Math.trunc((maxScore * (bounded - minThreshold)) / (most - minThreshold));
      },
    };
  },
};

/** Names without tag or digest mean `latest`. */
function normalized(image: string): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image;
}
