/** How Node is started for Coracle, by everything that starts it. Runs on any Node from 20 on. */
import { availableParallelism } from 'node:os';

/** V8's helpers (of the collector and the compilers) that find no processor of their own make the threads that answer wait for them. */
const helpers = Math.min(4, Math.max(1, availableParallelism() - 1));

/** Node would let its young generation grow to three times 32 MB and more, which makes nothing faster here. */
export const nodeFlags = ['--max-semi-space-size=16', `--v8-pool-size=${helpers}`];

/** Two pools for all threads: what one of them has freed others use, instead of each keeping its own. */
export const environment = { ...process.env, MALLOC_ARENA_MAX: process.env['MALLOC_ARENA_MAX'] ?? '2' };
