/** `npm run fuzz` */
import { commandLine, wholeNumber } from '../support/command-line.ts';
import { fuzz } from './fuzz.ts';

const help = `npm run fuzz -- [--requests 100000] [--seed N] [--survey]
  random and mutated requests against a server of its own; ends with 1 when one was answered 500 or not at all, or memory grew
  --seed     the same requests again
  --survey   goes on after a failure and tells all of them in the end
Example: npm run fuzz -- --requests 5000 --seed 1`;
const { values } = commandLine(help, {
  requests: { type: 'string', default: '100000' },
  seed: { type: 'string' },
  survey: { type: 'boolean', default: false },
});
const requests = wholeNumber('requests', values.requests);
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : wholeNumber('seed', values.seed);
console.log(`seed ${String(seed)}`);
const started = Date.now();
const result = await fuzz({ requests, seed, survey: values.survey, progress: (line) => console.log(line) });
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
