/** Which images nodes have: scheduler backend/cache (addNodeImageStates). */
import type { Node } from '../api/generated/types.ts';

interface ImageState {
  /** As the first node told it. */
  readonly size: number;
  readonly nodes: Set<string>;
}

export class ImageStates {
  readonly #images = new Map<string, ImageState>();
  readonly #byNode = new Map<string, readonly string[]>();
  readonly #seen = new Map<string, Node['status']['images']>();

  get isEmpty(): boolean {
    return this.#images.size === 0;
  }

  /** Size and number of nodes; undefined when no node has it. */
  get(image: string): { readonly size: number; readonly nodes: ReadonlySet<string> } | undefined {
    return this.#images.get(image);
  }

  set(node: Node): void {
    const { name } = node.metadata;
    if (this.#seen.has(name) && this.#seen.get(name) === node.status.images) return;
    this.delete(name);
    this.#seen.set(name, node.status.images);
    const all = node.status.images?.flatMap(({ names, sizeBytes = 0 }) => (names ?? []).map((image) => ({ image, sizeBytes }))) ?? [];
    for (const { image, sizeBytes } of all) {
      const state = this.#images.get(image) ?? { size: sizeBytes, nodes: new Set<string>() };
      state.nodes.add(name);
      this.#images.set(image, state);
    }
    if (all.length > 0)
      this.#byNode.set(
        name,
        all.map(({ image }) => image),
      );
  }

  delete(node: string): void {
    this.#seen.delete(node);
    for (const image of this.#byNode.get(node) ?? []) {
      const state = this.#images.get(image);
      state?.nodes.delete(node);
      if (state?.nodes.size === 0) this.#images.delete(image);
    }
    this.#byNode.delete(node);
  }
}
