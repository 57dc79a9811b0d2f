/** `npm run fuzz -- [--requests 100000] [--seed N] [--survey]` */
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.ts';

const { values } = parseArgs({
  options: { requests: { type: 'string', default: '100000' }, seed: { type: 'string' }, survey: { type: 'boolean', default: false } },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
console.log(`seed ${String(seed)}`);
const started = Date.now();
const result = await fuzz({ requests: Number(values.requests), seed, survey: values.survey, progress: (line) => console.log(line) });
const sent = [...result.codes.values()].reduce((sum, count) => sum + count, 0);
const codes = [...result.codes].sort(([a], [b]) => a - b).map(([code, count]) => `${code === 0 ? 'cut' : String(code)}: ${String(count)}`);
console.log(`${String(sent)} requests in ${String(Math.round((Date.now() - started) / 1000))} s; ${codes.join(', ')}`);
console.log(
  `memory ${String(Math.round(result.residentBefore / 2 ** 20))} MiB after a fifth, ${String(Math.round(result.residentAfter / 2 ** 20))} MiB in the end`,
);
for (const [why, count] of result.cuts) console.log(`cut ${String(count)} times: ${why}`);
if (result.failure !== undefined) {
  console.log(result.failure);
  console.log(`again: npm run fuzz -- --requests ${values.requests} --seed ${String(seed)}`);
}
process.exit(result.failure === undefined ? 0 : 1);
