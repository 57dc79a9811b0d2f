/** Entries as protobuf messages, written once for all who read or watch them. */
import { elementMessage, listElement } from '../api/protobuf/document.ts';
import { encodeMessage } from '../api/protobuf/encode.ts';
import { schemaFor } from '../api/schema/facts.ts';
import type { Schema } from '../api/schema/schema.ts';
import type { ResourceDefinition } from '../registry/definition.ts';
import type { Entry } from '../registry/store.ts';

/** A generation of this size makes room for the next: at most twice as much is kept. */
const generationBytes = 32 * 1024 * 1024;

/** The schema whole objects of a definition are written by; undefined for custom resources, which have no protobuf form. */
export function messageSchema(definition: ResourceDefinition): Schema | undefined {
  return schemaFor(definition.schema);
}

/** A memo with two generations: what is not asked for while one fills up is forgotten. */
export class Messages {
  #young = new WeakMap<Entry, Buffer>();
  #old = new WeakMap<Entry, Buffer>();
  #bytes = 0;

  /** An entry as element of its kind's list. An entry is always asked for with the same schema. */
  element(entry: Entry, schema: Schema): Buffer {
    const known = this.#young.get(entry);
    if (known !== undefined) return known;
    const element = this.#old.get(entry) ?? listElement(encodeMessage(entry.object, schema));
    this.#bytes += element.length;
    if (this.#bytes > generationBytes) {
      this.#old = this.#young;
      this.#young = new WeakMap();
      this.#bytes = element.length;
    }
    this.#young.set(entry, element);
    return element;
  }

  /** An entry's message alone. */
  message(entry: Entry, schema: Schema): Buffer {
    return elementMessage(this.element(entry, schema));
  }
}
