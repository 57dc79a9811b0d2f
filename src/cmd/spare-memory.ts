/**
 * Gives memory back once a burst of work is over. V8 leaves what a burst has left behind where it lies until much more has come, which
 * on a quiet machine never happens: up to half of the heap, and code that only the start needed.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from '../base/clock.ts';
import { type Running, running } from '../base/lifecycle.ts';

export interface Process {
  /** Bytes of the heap, with what is free in it. */
  heapBytes(): number;
  /** Processor time used so far, in ms. */
  busyMs(): number;
  /** Frees all that nobody holds; the process stands still for some 30 ms. */
  collect(): void;
}

const lookMs = 30_000;
/** Busier than so in the time between two looks: it is not the moment. */
const quietMs = 600;
/** Less is not worth it. */
const worthBytes = 2 * 1024 * 1024;
/** A larger heap would stand still for tenths of a second. */
const mostBytes = 192 * 1024 * 1024;

export function startSparingMemory(clock: Clock, own: Process = thisProcess()): Running {
  let least = 0;
  let busy = own.busyMs();
  let cancel: () => void = () => undefined;
  const look = (): void => {
    const now = own.busyMs();
    const heap = own.heapBytes();
    if (now - busy < quietMs && heap - least > worthBytes && heap < mostBytes) {
      own.collect();
      least = own.heapBytes();
    }
    busy = own.busyMs();
    cancel = clock.after(lookMs, look);
  };
  cancel = clock.after(lookMs, look);
  return running(() => cancel());
}

function thisProcess(): Process {
  return {
    heapBytes: () => getHeapStatistics().total_heap_size,
    busyMs: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    },
    collect: () => {
      setFlagsFromString('--expose-gc');
      const gc = runInNewContext('gc') as (options: object) => void;
      setFlagsFromString('--no-expose-gc');
      gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    },
  };
}
