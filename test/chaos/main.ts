/** `npm run chaos`: the storm for as long as wanted; exit 1 when something was wrong. */
import { parseArgs } from 'node:util';
import { runChaos } from './chaos.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    nodes: { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help)
  console.log('npm run chaos -- [--minutes N] [--seed N] [--nodes N]: random kills; afterwards everything must be as specified');
else {
  console.log(`seed ${values.seed}`);
  const result = await runChaos({
    seconds: Number(values.minutes) * 60,
    seed: Number(values.seed),
    nodes: Number(values.nodes),
    longestOutage: 75,
    say: (line) => console.log(line),
  });
  for (const violation of result.violations) console.error(violation);
  console.log(result.violations.length === 0 ? 'nothing was wrong' : `${String(result.violations.length)} things were wrong`);
  process.exit(result.violations.length === 0 ? 0 : 1);
}
