/**
 * Sends the same requests to Coracle and to a real Kubernetes API server and shows where the answers differ:
 *   node test/compare/run.ts [--ours KUBECONFIG] [--real KUBECONFIG] [--record] [--verbose] [filter...]
 * Without --ours a server is started for the run; without --real the answers of an earlier run count (recorded/). --record
 * keeps the real server's answers for that. A filter is a part of case names. Exits with 1 when answers differ that may not.
 */
import { parseArgs } from 'node:util';
import { reasonFor } from './allowed.ts';
import { type Case, post, remove, type Step } from './case.ts';
import { allCases } from './cases/index.ts';
import { type Comparable, comparable, differences } from './masks.ts';
import { startOurs } from './ours.ts';
import { readRecorded, type Recorded, writeRecorded } from './recorded.ts';
import { type Answer, Target } from './target.ts';

const { values, positionals: filters } = parseArgs({
  allowPositionals: true,
  options: {
    ours: { type: 'string' },
    real: { type: 'string' },
    record: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});

const longestLine = 1200;
const run = Math.random().toString(36).slice(2, 7).padEnd(5, 'q');
const namespace = `compare-${run}`;
const fill = (text: string): string => text.replaceAll('{ns}', namespace).replaceAll('{run}', run);
const unfill = (text: string): string => text.replaceAll(namespace, '{ns}').replaceAll(run, '{run}');

const server = values.ours === undefined ? await startOurs() : undefined;
const ours = new Target(values.ours ?? server?.kubeconfig ?? '');
const real = values.real === undefined ? undefined : new Target(values.real);
const earlier = real === undefined || values.record ? readRecorded() : {};
const kept: Recorded = {};
const cases = allCases().filter(({ name }) => filters.length === 0 || filters.some((filter) => name.includes(filter)));

/** One step's two answers; `theirs` may be missing when nothing was recorded. */
interface Pair {
  readonly mine: Comparable;
  readonly theirs: Comparable | undefined;
}

function reduced(answer: Answer, step: Step): Comparable {
  if (step.quiet === true) return { code: answer.code, headers: {}, body: answer.code >= 300 ? answer.text.slice(0, 300) : undefined };
  return JSON.parse(unfill(JSON.stringify(comparable(answer, step.mask)))) as Comparable;
}

async function both(step: Step, recorded: Comparable | undefined): Promise<Pair> {
  const [mine, theirs] = await Promise.all([ours.send(step, fill), real?.send(step, fill)]);
  if (values.verbose) console.log(`# ${step.method} ${step.path}\n  ours ${mine.text}\n  real ${theirs?.text ?? JSON.stringify(recorded)}`);
  return { mine: reduced(mine, step), theirs: theirs === undefined ? recorded : reduced(theirs, step) };
}

/** What is different, without what follows from something shown already. */
function differencesOf(mine: Comparable, theirs: Comparable): string[] {
  const message = ({ code, body }: Comparable): string => {
    const { message: text } = (body ?? {}) as { readonly message?: unknown };
    return `${String(code)}${typeof text === 'string' ? ` ${text}` : ''}`;
  };
  if (mine.code !== theirs.code) return [`code: ours ${message(mine)} real ${message(theirs)}`];
  const all = differences(mine, theirs);
  return all.some((line) => line.startsWith('body.message')) ? all.filter((line) => !line.startsWith('body.details')) : all;
}

async function compare(one: Case): Promise<string[]> {
  const found: string[] = [];
  const answers: Comparable[] = [];
  for (const [index, step] of one.steps.entries()) {
    const { mine, theirs } = await both(step, earlier[one.name]?.[index]);
    const where = `${step.method} ${step.path}`;
    if (theirs === undefined) {
      found.push(`${where}: no answer is recorded`);
      continue;
    }
    answers.push(theirs);
    if (step.quiet === true) {
      if (theirs.code >= 300) found.push(`${where}: the preparation fails on the real one: ${String(theirs.body)}`);
      else if (mine.code >= 300) found.push(`${where}: the preparation fails on ours: ${String(mine.body)}`);
    } else found.push(...differencesOf(mine, theirs).map((line) => `${where}: ${line}`));
  }
  if (real !== undefined) kept[one.name] = answers;
  return found;
}

const shown = (line: string): string => (line.length > longestLine ? `${line.slice(0, longestLine)}…` : line);

async function runCases(): Promise<number> {
  const count = { equal: 0, allowed: 0, different: 0 };
  const reasons = new Map<string, number>();
  for (const one of cases) {
    const found = await compare(one);
    const open: string[] = [];
    for (const line of found) {
      const reason = reasonFor(one.name, line);
      if (reason === undefined) open.push(line);
      else reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
    count[found.length === 0 ? 'equal' : open.length === 0 ? 'allowed' : 'different']++;
    if (open.length > 0) console.log(`${one.name}\n${open.map((line) => `  ${shown(line)}`).join('\n')}`);
  }
  for (const [reason, times] of reasons) console.log(`allowed, ${String(times)} times: ${reason}`);
  const steps = cases.reduce((sum, one) => sum + one.steps.length, 0);
  console.log(
    `${String(cases.length)} cases (${String(steps)} requests): ${String(count.equal)} equal, ` +
      `${String(count.allowed)} with differences that are meant, ${String(count.different)} different`,
  );
  return count.different;
}

const preparation = [
  post('/api/v1/namespaces', { metadata: { name: namespace } }),
  post('/api/v1/namespaces/{ns}/serviceaccounts', { metadata: { name: 'default' } }),
];
for (const step of preparation) await both(step, undefined);
const different = await runCases();
await both(remove('/api/v1/namespaces/{ns}'), undefined);
await real?.send({ method: 'PUT', path: '/api/v1/namespaces/{ns}/finalize', body: { metadata: { name: namespace } } }, fill);
if (values.record) writeRecorded({ ...(filters.length === 0 ? {} : earlier), ...kept });
ours.close();
real?.close();
await server?.stop();
process.exit(different === 0 ? 0 : 1);
