/** Stored objects as a definition serves them: the same, or converted when the definition shares another one's storage. */
import { cloneJson } from '../api/json.ts';
import type { KubeObject } from '../api/object.ts';
import type { ResourceDefinition } from './definition.ts';
import { MadeEntry } from './made-entry.ts';
import type { Entry, EventSink, ResourceEvent, Selection } from './store.ts';

export interface View {
  /** A stored entry as served. Each is converted once. */
  served(entry: Entry): Entry;
  /** A served object (private) as it is stored. */
  toStored(object: KubeObject): KubeObject;
  /** A selection over served objects as one over stored objects. */
  selection<S extends Selection>(selection: S): S;
  /** A sink of served events as one of stored events. */
  sink(sink: EventSink): EventSink;
}

const identity: View = {
  served: (entry) => entry,
  toStored: (object) => object,
  selection: (selection) => selection,
  sink: (sink) => sink,
};

export function viewOf(definition: ResourceDefinition): View {
  return definition.convert === undefined ? identity : new ConvertingView(definition.convert);
}

class ConvertingView implements View {
  readonly #convert: NonNullable<ResourceDefinition['convert']>;
  readonly #entries = new WeakMap<Entry, Entry>();
  readonly #objects = new WeakMap<KubeObject, KubeObject>();
  readonly #events = new WeakMap<ResourceEvent, ResourceEvent>();

  constructor(convert: NonNullable<ResourceDefinition['convert']>) {
    this.#convert = convert;
  }

  served(entry: Entry): Entry {
    let made = this.#entries.get(entry);
    if (made === undefined) {
      made = new MadeEntry(entry, entry.revision, this.#object(entry.object));
      this.#entries.set(entry, made);
    }
    return made;
  }

  toStored(object: KubeObject): KubeObject {
    return this.#convert.toStored(object);
  }

  selection<S extends Selection>(selection: S): S {
    const { fields } = selection;
    return fields === undefined ? selection : { ...selection, fields: (stored: KubeObject) => fields(this.#object(stored)) };
  }

  sink(sink: EventSink): EventSink {
    return { events: (events) => sink.events(events.map((event) => this.#event(event))), end: (error) => sink.end(error) };
  }

  #object(stored: KubeObject): KubeObject {
    let object = this.#objects.get(stored);
    if (object === undefined) {
      object = this.#convert.fromStored(cloneJson(stored));
      this.#objects.set(stored, object);
    }
    return object;
  }

  #event(event: ResourceEvent): ResourceEvent {
    if (event.type === 'BOOKMARK') return event;
    let made = this.#events.get(event);
    if (made === undefined) {
      made = { type: event.type, entry: this.served(event.entry), revision: event.revision };
      this.#events.set(event, made);
    }
    return made;
  }
}
