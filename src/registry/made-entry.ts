/** An entry that is not in any cache: of a dry run, of a scale subresource, of another version. */
import { deepFreeze, type KubeObject } from '../api/object.ts';
import { ownBytes } from '../base/own-bytes.ts';
import type { Entry } from './store.ts';

export class MadeEntry implements Entry {
  readonly name: string;
  readonly namespace: string;
  readonly revision: number;
  readonly #given: KubeObject;
  #object: KubeObject | undefined;
  #json: Buffer | undefined;

  /** `object` is given away. Revision 0: not stored, and no resourceVersion. */
  constructor(place: { readonly namespace: string; readonly name: string }, revision: number, object: KubeObject) {
    this.namespace = place.namespace;
    this.name = place.name;
    this.revision = revision;
    this.#given = object;
  }

  get object(): KubeObject {
    if (this.#object === undefined) {
      const { kind: _kind, apiVersion: _apiVersion, metadata, ...fields } = this.#given;
      const { resourceVersion: _old, ...meta } = metadata;
      const version = this.revision === 0 ? {} : { resourceVersion: String(this.revision) };
      this.#object = deepFreeze({ metadata: { ...version, ...meta } as KubeObject['metadata'], ...fields });
    }
    return this.#object;
  }

  get json(): Buffer {
    return (this.#json ??= ownBytes(JSON.stringify(this.object)));
  }
}
