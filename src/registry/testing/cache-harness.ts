/** A watch cache over memory for tests: one for each test of the file that asks for it. */
import { afterEach, beforeEach, expect } from '@jest/globals';
import type { KubeObject } from '../../api/object.ts';
import { FakeClock } from '../../base/clock.ts';
import type { Running } from '../../base/lifecycle.ts';
import { silentLogger } from '../../base/logger.ts';
import { openMemory } from '../../storage/memory/memory.ts';
import type { Storage } from '../../storage/storage.ts';
import { type ResourceCache, startWatchCache, type WatchCache } from '../cache/cache.ts';
import type { EventSink, ListRequest, ListResult, ResourceEvent, WatchRequest } from '../store.ts';

export class Watch implements EventSink {
  readonly all: ResourceEvent[] = [];
  readonly batches: number[] = [];
  ended: Error | undefined;
  running: Running | undefined;

  events(events: readonly ResourceEvent[]): void {
    this.all.push(...events);
    this.batches.push(events.length);
  }
  end(error: Error): void {
    this.ended = error;
  }
  /** `TYPE name revision`, and what the object says about itself when that differs. */
  get told(): string[] {
    return this.all.map((event) => {
      if (event.type === 'BOOKMARK') return `BOOKMARK ${event.revision}${event.initialEventsEnd ? ' end' : ''}`;
      expect(event.entry.object.metadata.resourceVersion).toBe(String(event.revision));
      expect(JSON.parse(event.entry.json.toString())).toEqual(event.entry.object);
      return `${event.type} ${event.entry.name} ${event.revision}`;
    });
  }
}

export const pods = { group: '', resource: 'pods' };
export const nodes = { group: '', resource: 'nodes' };
export const all: WatchRequest = { namespace: '', resourceVersion: '', allowBookmarks: false };
export const red = (labels: Readonly<Record<string, string>> | undefined): boolean => labels?.['color'] === 'red';
export const onNode =
  (node: string): ((object: KubeObject) => boolean) =>
  (object) =>
    (object['spec'] as { nodeName?: string } | undefined)?.nodeName === node;

interface Parts {
  readonly labels?: Record<string, string>;
  readonly nodeName?: string;
}

/** What the test at hand has. */
export interface TestCache {
  clock: FakeClock;
  storage: Storage;
  cache: WatchCache;
  pod: ResourceCache;
}

export function bodyOf(name: string, more: Parts = {}, namespace = 'default'): Buffer {
  return Buffer.from(
    JSON.stringify({ metadata: { name, namespace, ...(more.labels && { labels: more.labels }) }, spec: { nodeName: more.nodeName } }),
  );
}

export const names = (result: ListResult): string[] => result.entries.map(({ name }) => name);

/** Call it once in a file: each test finds a fresh cache in what it answers. */
export function testCache(): TestCache & {
  /** The revision. */
  write(name: string, more?: Parts, namespace?: string): Promise<number>;
  remove(name: string, namespace?: string): Promise<number>;
  watch(request?: Partial<WatchRequest>): Promise<Watch>;
  list(request?: Partial<ListRequest>): Promise<ListResult>;
} {
  const at = {} as TestCache;
  beforeEach(async () => {
    at.clock = new FakeClock();
    at.storage = openMemory({ clock: at.clock });
    at.cache = await startWatchCache({ storage: at.storage, clock: at.clock, logger: silentLogger });
    at.pod = at.cache.resource(pods);
  });
  afterEach(async () => {
    await at.cache.stop();
    await at.storage.stop();
  });
  const expectedOf = async (key: string): Promise<number> => (await at.storage.get(key))?.modRevision ?? 0;
  return Object.assign(at, {
    async write(name: string, more: Parts = {}, namespace = 'default'): Promise<number> {
      const key = at.pod.keyOf(namespace, name);
      const result = await at.storage.put(key, bodyOf(name, more, namespace), { expected: await expectedOf(key) });
      if (!result.done) throw new Error('conflict');
      return result.revision;
    },
    async remove(name: string, namespace = 'default'): Promise<number> {
      const key = at.pod.keyOf(namespace, name);
      const result = await at.storage.delete(key, await expectedOf(key));
      if (!result.done) throw new Error('conflict');
      return result.revision;
    },
    async watch(request: Partial<WatchRequest> = {}): Promise<Watch> {
      const sink = new Watch();
      sink.running = await at.pod.watch({ ...all, ...request }, sink);
      return sink;
    },
    list: (request: Partial<ListRequest> = {}): Promise<ListResult> => at.pod.list({ namespace: '', ...request }),
  });
}
