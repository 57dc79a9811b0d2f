/**
 * Keeps the objects of priority and fairness and the server's use of them in step: makes and mends the ones every cluster has
 * (kubernetes pkg/registry/flowcontrol/rest), follows all of them, and tells schemas whether their level exists
 * (apiserver pkg/util/flowcontrol/apf_controller.go).
 */
import { isReason } from '../../api/errors.ts';
import type * as t from '../../api/generated/types.ts';
import type { KubeObject, New } from '../../api/object.ts';
import { type Clock, rfc3339 } from '../../base/clock.ts';
import { type Running, running } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import type { Client, ResourceClient, ResourceRef } from '../../client/client.ts';
import { startInformer, type Informer } from '../../client/informer.ts';
import { flowSchemas, mandatoryLevels, mandatorySchemas, priorityLevels, suggestedLevels, suggestedSchemas } from './bootstrap.ts';
import { planOf, type WantedCondition } from './configuration.ts';
import { isLeftOver, revised } from './ensure.ts';
import type { FlowControl } from './flow-control.ts';

const consumer = 'api-priority-and-fairness-config-consumer-v1';
/** Upstream looks once a minute; here that is the longest a change of what every cluster has may last. */
const mendAfterMs = 60_000;
/** Somebody else may be of another opinion about a status: so many tries a minute. */
const statusTriesPerMinute = 6;

export interface FlowConfigurationOptions {
  readonly flow: FlowControl;
  /** Its field manager is upstream's `api-priority-and-fairness-config-producer-v1`. */
  readonly client: Client;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface FlowConfiguration extends Running {
  /** Resolves when the objects every cluster has exist and are in use. */
  readonly ready: Promise<void>;
}

export function startFlowConfiguration(options: FlowConfigurationOptions): FlowConfiguration {
  const configuration = new Configuration(options);
  const ready = configuration.start();
  return { ready, ...running(() => configuration.stop()) };
}

type Kind = t.FlowSchema | t.PriorityLevelConfiguration;

class Configuration {
  readonly #options: FlowConfigurationOptions;
  readonly #schemas: Informer<t.FlowSchema>;
  readonly #levels: Informer<t.PriorityLevelConfiguration>;
  readonly #tries = new Map<string, number[]>();
  #cancelMending: (() => void) | undefined;
  #cancelRetry: (() => void) | undefined;
  #scheduled = false;
  #stopped = false;

  constructor(options: FlowConfigurationOptions) {
    this.#options = options;
    this.#schemas = startInformer(flowSchemas, options);
    this.#levels = startInformer(priorityLevels, options);
  }

  async start(): Promise<void> {
    await Promise.all([this.#schemas.synced, this.#levels.synced]);
    await this.#mend();
    this.#follow(this.#schemas, sameSchema);
    this.#follow(this.#levels, sameSpec);
    await this.#apply();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelMending?.();
    this.#cancelRetry?.();
    await Promise.all([this.#schemas.stop(), this.#levels.stop()]);
  }

  #follow<T extends KubeObject>(informer: Informer<T>, same: (old: T, object: T) => boolean): void {
    const changed = (): void => {
      this.#applySoon();
      this.#mendLater();
    };
    informer.handle({
      add: (_object, initial) => (initial ? undefined : changed()),
      update: (old, object) => (same(old, object) ? this.#mendLater() : changed()),
      delete: changed,
    });
  }

  #mendLater(): void {
    if (this.#stopped) return;
    this.#cancelMending ??= this.#options.clock.after(mendAfterMs, () => {
      this.#cancelMending = undefined;
      this.#mend().catch((error: unknown) => {
        this.#options.logger.warn({ err: error }, 'the objects of priority and fairness could not be mended; trying again');
        this.#mendLater();
      });
    });
  }

  /** Levels before the schemas that name them. */
  async #mend(): Promise<void> {
    await this.#ensure(priorityLevels, this.#levels, [suggestedLevels, mandatoryLevels]);
    await this.#ensure(flowSchemas, this.#schemas, [suggestedSchemas, mandatorySchemas]);
  }

  async #ensure<T extends Kind>(
    ref: ResourceRef<T>,
    informer: Informer<T>,
    [suggested, mandatory]: readonly [readonly New<T>[], readonly New<T>[]],
  ): Promise<void> {
    const resource = this.#options.client.resource<T>(ref);
    const known = new Map([...informer.store.values()].map((object) => [object.metadata.name, object]));
    const wanted = [...suggested, ...mandatory];
    await Promise.all(
      wanted.map((object) => this.#ensureOne<T>(resource, known.get(object.metadata.name ?? ''), object, mandatory.includes(object))),
    );
    const names = new Set(wanted.map(({ metadata }) => metadata.name ?? ''));
    for (const object of known.values()) {
      if (isLeftOver(object, names)) await ignoring('NotFound', resource.delete('', object.metadata.name));
    }
  }

  async #ensureOne<T extends Kind>(resource: ResourceClient<T>, current: T | undefined, wanted: New<T>, mandatory: boolean): Promise<void> {
    if (current === undefined) return ignoring('AlreadyExists', resource.create('', wanted));
    const update = revised(current, wanted as { spec?: object }, mandatory);
    if (update !== undefined) await ignoring('Conflict', resource.update(update));
  }

  /** Events of one turn are one change. */
  #applySoon(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#stopped) return;
      this.#apply().catch((error: unknown) => {
        this.#options.logger.warn({ err: error }, 'the state of flow schemas could not be written; trying again');
        this.#retry(30_000);
      });
    });
  }

  async #apply(): Promise<void> {
    const plan = planOf([...this.#levels.store.values()], [...this.#schemas.store.values()]);
    this.#options.flow.configure(plan);
    await Promise.all(plan.conditions.map((condition) => this.#tell(condition)));
  }

  async #tell({ schema, ...condition }: WantedCondition): Promise<void> {
    const now = this.#options.clock.now();
    const tries = (this.#tries.get(schema) ?? []).filter((at) => at > now - 60_000);
    if (tries.length >= statusTriesPerMinute) return this.#retry(30_000 + 45_000 * Math.random());
    this.#tries.set(schema, [...tries, now]);
    const { group, version, kind } = flowSchemas;
    const body = {
      apiVersion: `${group}/${version}`,
      kind,
      metadata: { name: schema },
      status: { conditions: [{ type: 'Dangling', lastTransitionTime: rfc3339(now), ...condition }] },
    };
    const patch = { type: 'application/apply-patch+yaml', body, subresource: 'status', fieldManager: consumer, force: true } as const;
    await ignoring('NotFound', this.#options.client.resource(flowSchemas).patch('', schema, patch));
  }

  #retry(ms: number): void {
    this.#cancelRetry ??= this.#options.clock.after(ms, () => {
      this.#cancelRetry = undefined;
      this.#applySoon();
    });
  }
}

function sameSpec(old: { spec: object }, object: { spec: object }): boolean {
  return JSON.stringify(old.spec) === JSON.stringify(object.spec);
}

/** The server insists on what it has said about a schema: changes of the status count too. */
function sameSchema(old: { spec: object; status?: object }, object: { spec: object; status?: object }): boolean {
  return sameSpec(old, object) && JSON.stringify(old.status) === JSON.stringify(object.status);
}

async function ignoring(reason: 'NotFound' | 'AlreadyExists' | 'Conflict', work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isReason(error, reason)) throw error;
  }
}
