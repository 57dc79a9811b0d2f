import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../../base/clock.ts';
import type { Call, Engine } from './engine.ts';
import { signalContainer, signalNumber } from './signals.ts';
import { stopContainer } from './stop.ts';

describe('signals', () => {
  test.each([
    ['', 15],
    ['SIGQUIT', 3],
    ['quit', 3],
    ['37', 37],
    ['SIGRTMIN+3', undefined],
  ])('%s is %s', (name, number) => {
    expect(signalNumber(name)).toBe(number);
  });

  test('go to no process that is not the container’s', async () => {
    const child = spawn('sleep', ['60']);
    try {
      expect(await signalContainer('0123456789abcdef', child.pid ?? 0, 9)).toBe(false);
      expect(await signalContainer('x', 1, 9)).toBe(false);
      expect(child.exitCode).toBeNull();
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });
});

describe('stopping', () => {
  /** An engine with one container, whose process cannot be signalled from here. */
  function engineOf(body: unknown): { engine: Engine; calls: string[] } {
    const calls: string[] = [];
    const find = async <T>(call: Call): Promise<T | undefined> => {
      const query = call.query?.['t'] === undefined ? '' : `?t=${call.query['t']}`;
      if (call.path.endsWith('/wait')) return new Promise(() => undefined);
      calls.push(`${call.method} ${call.path}${query}`);
      return call.method === 'GET' ? (body as T) : undefined;
    };
    return { engine: { find } as unknown as Engine, calls };
  }
  const clock = new FakeClock();
  const running = { Id: 'c', State: { Running: true, Pid: 0 }, Config: {} };

  test('is left to the engine where the agent cannot do it, in whole seconds', async () => {
    const { engine, calls } = engineOf(running);
    await stopContainer({ engine, clock }, 'c', 1500);
    expect(calls).toEqual(['GET /containers/c/json', 'POST /containers/c/stop?t=2']);
  });

  test.each([
    ['has ended', { ...running, State: { Running: false, Pid: 0 } }],
    ['is gone', undefined],
  ])('a container that %s is nothing to do', async (_name, body) => {
    const { engine, calls } = engineOf(body);
    await stopContainer({ engine, clock }, 'c', 1000);
    expect(calls).toEqual(['GET /containers/c/json']);
  });
});
