/**
 * Gives memory back once a burst of work is over. V8 leaves what a burst has left behind where it lies until much more has come, which
 * on a quiet machine never happens: up to half of the heap, and code that only the start needed. Nothing is looked at while nothing happens.
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

export interface MemorySaver extends Running {
  /** The process has started; before, nothing is collected. */
  readonly started: () => void;
  /** Something was asked of this process. */
  readonly noticed: () => void;
}

const lookMs = 15_000;
/** Quieter than so in the time between two looks: it is the moment, and there is nothing more to look at. */
const quietMs = 300;
/** Busier than so it is not the moment even for much: what a load set off, such as events, may go on for a minute. */
const calmMs = 1500;
/** So much has to happen before it is looked whether it has left something behind. */
const burst = 100;
/** Less is not worth it. */
const worthBytes = 2 * 1024 * 1024;
/** Worth it while there is still something to do, beyond twice of what was left the last time. */
const muchBytes = 16 * 1024 * 1024;
/** A larger heap would stand still for tenths of a second. */
const mostBytes = 192 * 1024 * 1024;

export interface SparingOptions {
  readonly clock: Clock;
  /** Nobody notices anything: it is looked all the time. */
  readonly always?: boolean;
  readonly own?: Process;
}

export function startSparingMemory({ clock, always = false, own = thisProcess() }: SparingOptions): MemorySaver {
  let least = 0;
  let busy = own.busyMs();
  let count = 0;
  let hasStarted = false;
  let cancel: (() => void) | undefined;
  const arm = (ms: number, call: () => void): void => {
    cancel?.();
    busy = own.busyMs();
    cancel = clock.after(ms, call);
  };
  const rest = (): void => {
    cancel = undefined;
    count = 0;
  };
  const look = (): void => {
    const spent = own.busyMs() - busy;
    const isQuiet = spent < quietMs;
    if (!isQuiet) arm(lookMs, look);
    else if (always) arm(3 * lookMs, look);
    else rest();
    const heap = own.heapBytes();
    const isWorth = isQuiet ? heap - least > worthBytes : spent < calmMs && heap > 2 * least + muchBytes;
    if (!isWorth || heap >= mostBytes) return;
    own.collect();
    least = own.heapBytes();
    busy = own.busyMs();
  };
  return {
    started: () => {
      hasStarted = true;
      arm(lookMs, look);
    },
    noticed: () => {
      if (++count === burst && hasStarted && cancel === undefined) arm(lookMs, look);
    },
    ...running(() => cancel?.()),
  };
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
