import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../../base/clock.ts';
import type { Call, Engine } from './engine.ts';
import type { InspectBody } from './inspect.ts';
import { signalContainer, signalNumber } from './signals.ts';
import { stopContainer, type StopParts } from './stop.ts';

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
  function engineOf(body: unknown): { parts: StopParts; calls: string[] } {
    const calls: string[] = [];
    const find = async <T>(call: Call): Promise<T | undefined> => {
      const query = call.query?.['t'] === undefined ? '' : `?t=${call.query['t']}`;
      if (call.path.endsWith('/wait')) return new Promise(() => undefined);
      calls.push(`${call.method} ${call.path}${query}`);
      return call.method === 'GET' ? (body as T) : undefined;
    };
    const look = (id: string): Promise<InspectBody | undefined> => find<InspectBody>({ method: 'GET', path: `/containers/${id}/json` });
    return { parts: { engine: { find } as unknown as Engine, clock: new FakeClock(), look }, calls };
  }
  const running = { Id: 'c', State: { Running: true, Pid: 0 }, Config: {} };

  test('is left to the engine where the agent cannot do it, in whole seconds', async () => {
    const { parts, calls } = engineOf(running);
    await stopContainer(parts, 'c', { graceMs: 1500 });
    expect(calls).toEqual(['GET /containers/c/json', 'POST /containers/c/stop?t=2']);
  });

  test.each([
    ['has ended', { ...running, State: { Running: false, Pid: 0 } }],
    ['is gone', undefined],
  ])('a container that %s is nothing to do', async (_name, body) => {
    const { parts, calls } = engineOf(body);
    await stopContainer(parts, 'c', { graceMs: 1000 });
    expect(calls).toEqual(['GET /containers/c/json']);
  });

  test('what was known of a process that is another’s by now is looked at anew', async () => {
    const { parts, calls } = engineOf(undefined);
    const id = '0123456789abcdef'.repeat(4);
    const other = spawn('sleep', ['60']);
    try {
      await stopContainer(parts, id, { graceMs: 1000, known: { id, pid: other.pid ?? 0, stopSignal: '' } });
      expect(calls).toEqual([`GET /containers/${id}/json`]);
      expect(other.signalCode).toBeNull();
    } finally {
      other.kill('SIGKILL');
      await once(other, 'exit');
    }
  });
});
