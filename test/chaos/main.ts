/** `npm run chaos`: the storm for as long as wanted; exit 1 when something was wrong. */
import { commandLine, wholeNumber } from '../support/command-line.ts';
import { runChaos } from './chaos.ts';

const help = `npm run chaos -- [--minutes N] [--seed N] [--nodes N]
  random kills; afterwards everything must be as specified
Example: npm run chaos -- --minutes 2 --seed 7`;
const { values } = commandLine(help, {
  minutes: { type: 'string', default: '10' },
  seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  nodes: { type: 'string', default: '3' },
});
const seed = wholeNumber('seed', values.seed);
console.log(`seed ${String(seed)}`);
const result = await runChaos({
  seconds: wholeNumber('minutes', values.minutes) * 60,
  seed,
  nodes: wholeNumber('nodes', values.nodes),
  longestOutage: 75,
  say: (line) => console.log(line),
});
for (const violation of result.violations) console.error(violation);
console.log(result.violations.length === 0 ? 'nothing was wrong' : `${String(result.violations.length)} things were wrong`);
process.exit(result.violations.length === 0 ? 0 : 1);
