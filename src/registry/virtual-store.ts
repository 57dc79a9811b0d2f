/** Kinds that are answered and never stored: reviews, bindings. */
import { invalidObject } from '../api/field-errors.ts';
import type { KubeObject } from '../api/object.ts';
import type { Running } from '../base/lifecycle.ts';
import { mutate, validate } from './admit.ts';
import type { RequestContext } from './context.ts';
import type { ResourceDefinition } from './definition.ts';
import type { Engine } from './engine.ts';
import { methodNotAllowed } from './generic-store.ts';
import { MadeEntry } from './made-entry.ts';
import { matchNamespace } from './metadata.ts';
import { completeObject } from './writer.ts';
import type { Entry, ListResult, ResourceStore } from './store.ts';

type Answer = NonNullable<ResourceDefinition['virtual']>;

export class VirtualStore implements ResourceStore {
  readonly definition: ResourceDefinition;
  readonly #engine: Engine;
  readonly #answer: Answer;

  constructor(engine: Engine, definition: ResourceDefinition, answer: Answer) {
    this.#engine = engine;
    this.definition = definition;
    this.#answer = answer;
  }

  async create(namespace: string, object: KubeObject, context: RequestContext): Promise<Entry> {
    const { definition } = this;
    const meta = (object.metadata ??= {} as KubeObject['metadata']);
    matchNamespace(meta, namespace, definition);
    definition.strategy.default?.(object);
    completeObject(definition, object);
    this.#engine.fields.track(definition, object, context);
    const name = meta.name ?? '';
    const admission = { operation: 'CREATE', definition, subresource: '', namespace, name, object, old: undefined, context } as const;
    await mutate(this.#engine, admission);
    const faults = definition.strategy.validate?.(object, context) ?? [];
    if (faults.length > 0) throw invalidObject(definition, name, faults);
    await validate(this.#engine, admission);
    const answer = await this.#answer(object, context);
    answer.metadata ??= {} as KubeObject['metadata'];
    return new MadeEntry({ namespace, name }, 0, answer);
  }

  get(): Promise<Entry> {
    return Promise.reject(methodNotAllowed());
  }
  list(): Promise<ListResult> {
    return Promise.reject(methodNotAllowed());
  }
  watch(): Promise<Running> {
    return Promise.reject(methodNotAllowed());
  }
  update(): Promise<{ entry: Entry; created: boolean }> {
    return Promise.reject(methodNotAllowed());
  }
  delete(): Promise<{ entry: Entry; gone: boolean }> {
    return Promise.reject(methodNotAllowed());
  }
  deleteCollection(): Promise<ListResult> {
    return Promise.reject(methodNotAllowed());
  }
  connect(): Promise<KubeObject> {
    return Promise.reject(methodNotAllowed());
  }
}
