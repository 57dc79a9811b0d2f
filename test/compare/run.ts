/**
 * Sends the same requests to Coracle and to a real Kubernetes API server and shows where the answers differ:
 *   node test/compare/run.ts --ours KUBECONFIG --real KUBECONFIG [--verbose] [filter]
 * The filter is a part of case names. Exits with 1 when answers differ.
 */
import { parseArgs } from 'node:util';
import { allCases } from './cases/index.ts';
import { type Case, post, remove } from './case.ts';
import { comparable, differences } from './masks.ts';
import { Target } from './target.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { ours: { type: 'string' }, real: { type: 'string' }, verbose: { type: 'boolean', default: false } },
});
if (values.ours === undefined || values.real === undefined) throw new Error('--ours and --real name two kubeconfig files');

const run = Math.random().toString(36).slice(2, 7);
const namespace = `compare-${run}`;
const fill = (text: string): string => text.replaceAll('{ns}', namespace).replaceAll('{run}', run);
const unfill = (line: string): string => line.replaceAll(namespace, '{ns}').replaceAll(run, '{run}');
const ours = new Target(values.ours);
const real = new Target(values.real);
const filter = positionals[0] ?? '';
const cases = allCases().filter(({ name }) => name.includes(filter));

async function both(step: Parameters<Target['send']>[0]) {
  return Promise.all([ours.send(step, fill), real.send(step, fill)]);
}

async function compare(one: Case): Promise<string[]> {
  const found: string[] = [];
  for (const step of one.steps) {
    const [mine, theirs] = await both(step);
    const where = `${step.method} ${step.path}`;
    if (step.quiet === true) {
      if (theirs.code >= 300) found.push(`${where}: the preparation fails on the real one: ${theirs.text.slice(0, 300)}`);
      else if (mine.code >= 300) found.push(`${where}: the preparation fails on ours: ${mine.text.slice(0, 300)}`);
      continue;
    }
    if (values.verbose) console.log(`# ${where}\n  ours ${String(mine.code)} ${mine.text}\n  real ${String(theirs.code)} ${theirs.text}`);
    found.push(...differences(comparable(mine, step.mask), comparable(theirs, step.mask)).map((line) => `${where}: ${line}`));
  }
  return found.map(unfill);
}

await both(post('/api/v1/namespaces', { metadata: { name: namespace } }));
await both(post('/api/v1/namespaces/{ns}/serviceaccounts', { metadata: { name: 'default' } }));
let equal = 0;
for (const one of cases) {
  const found = await compare(one);
  if (found.length === 0) equal++;
  else console.log(`${one.name}\n${found.map((line) => `  ${line.length > 900 ? `${line.slice(0, 900)}…` : line}`).join('\n')}`);
}
await both(remove('/api/v1/namespaces/{ns}'));
console.log(`${String(cases.length)} cases, ${String(equal)} equal`);
ours.close();
real.close();
process.exitCode = equal === cases.length ? 0 : 1;
