/** Controllers that die: a client that works for a number of writes, and a loop that starts them again. */
import { ApiError } from '../../api/errors.ts';
import type { FakeClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import type { Client, ResourceClient, ResourceRef } from '../../client/client.ts';
import { settle } from '../../client/testing/until.ts';
import type { Controller } from '../shared/controller.ts';
import { startThese } from '../start.ts';

export interface Lives {
  /** Writes (events apart) before the client fails for good. */
  readonly writes: number;
  /** The last write happens, but its answer never comes. */
  readonly losesAnswer: boolean;
}

const writing = new Set(['create', 'update', 'updateStatus', 'patch', 'delete', 'deleteCollection']);

/** A client that dies as told; `isDead` tells whether it has. */
export function mortalClient(client: Client, { writes, losesAnswer }: Lives): Client & { readonly isDead: () => boolean } {
  let left = writes;
  const dead = (): ApiError => new ApiError('ServiceUnavailable', 'the controller is dead');
  const guard = <T>(resource: ResourceClient<T>): ResourceClient<T> =>
    new Proxy(resource, {
      get(target, name): unknown {
        const member = Reflect.get(target, name, target) as unknown;
        if (typeof member !== 'function') return member;
        const call = member as (...parameters: unknown[]) => unknown;
        if (!writing.has(String(name)) || target.ref.resource === 'events') return call.bind(target);
        return async (...parameters: unknown[]) => {
          if (left <= 0) throw dead();
          left -= 1;
          const answer = await call.apply(target, parameters);
          if (left <= 0 && losesAnswer) throw dead();
          return answer;
        };
      },
    });
  return {
    resource: <T>(ref: ResourceRef<T>) => guard(client.resource(ref)),
    discover: () => client.discover(),
    isDead: () => left <= 0,
  };
}

export interface MortalRun {
  readonly client: Client;
  readonly clock: FakeClock;
  readonly controllers: readonly Controller[];
  /** One life after the other; the last one lives on. */
  readonly lives: readonly Lives[];
  /** What the world does in a step of time; true when all is over. */
  readonly step: () => Promise<boolean>;
  /** Time between steps in ms. */
  readonly stepMs: number;
}

/** Runs the controllers through their lives until `step` says it is over; false when that never came. */
export async function liveAndDie({ client, clock, controllers, lives, step, stepMs }: MortalRun): Promise<boolean> {
  const settings = { clusterCIDRs: [], serviceCIDRs: [], rootCA: undefined };
  const remaining = [...lives];
  for (let round = 0; round < 200;) {
    const mortal = mortalClient(client, remaining.shift() ?? { writes: Infinity, losesAnswer: false });
    await using running = startThese({ client: mortal, clock, logger: silentLogger, controllers, ...settings });
    await running.synced;
    for (; round < 200 && !mortal.isDead(); round += 1) {
      await settle(30);
      if (await step()) return true;
      await clock.advance(stepMs);
    }
  }
  return false;
}
