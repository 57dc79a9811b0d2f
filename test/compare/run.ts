/** `npm run compare`: sends the same requests to Coracle and to a real Kubernetes API server and shows where the answers differ. */
import { commandLine } from '../support/command-line.ts';
import { reasonFor } from './allowed.ts';
import { type Case, post, remove } from './case.ts';
import { allCases } from './cases/index.ts';
import { Comparison } from './comparison.ts';
import { casesAtOnce, groupsAtOnce, holeGroups, inParallel } from './holes/index.ts';
import { manifestCases } from './manifests.ts';
import { startOurs } from './ours.ts';
import { readRecorded, type Recorded, writeRecorded } from './recorded.ts';
import { Target } from './target.ts';

const help = `npm run compare -- [--ours KUBECONFIG] [--real KUBECONFIG] [--record] [--holes | --manifests FOLDER] [--verbose] [FILTER...]
  the same requests to Coracle and to a real Kubernetes API server; ends with 1 when answers differ that may not
  --ours       the cluster to compare (default: one is started for the run)
  --real       the real one (default: its recorded answers, test/compare/recorded)
  --record     keeps the real one's answers for later runs without it
  --holes      asks instead what is worked out from the kinds themselves: every verb with every option, every field with wrong and right
               values; needs --real
  --manifests  sends every manifest below a folder; needs --real
  FILTER       a part of a case's name
Example: npm run compare -- pods services`;
const { values, positionals: filters } = commandLine(
  help,
  {
    ours: { type: 'string' },
    real: { type: 'string' },
    record: { type: 'boolean', default: false },
    holes: { type: 'boolean', default: false },
    manifests: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
  { positionals: true },
);

const longestLine = 1200;

const server = values.ours === undefined ? await startOurs() : undefined;
const ours = new Target(values.ours ?? server?.kubeconfig ?? '');
const real = values.real === undefined ? undefined : new Target(values.real);
const earlier = real === undefined || values.record ? readRecorded() : {};
const kept: Recorded = {};
const comparison = new Comparison({ ours, real, verbose: values.verbose });
const wanted = (name: string): boolean => filters.length === 0 || filters.some((filter) => name.includes(filter));

/** What became of the cases so far. */
const count = { cases: 0, steps: 0, equal: 0, allowed: 0, different: 0 };
const reasons = new Map<string, number>();

async function runCase(one: Case): Promise<void> {
  const { differences: found, theirs } = await comparison.compare(one, earlier[one.name]);
  if (real !== undefined) kept[one.name] = theirs;
  const open: string[] = [];
  for (const line of found) {
    const reason = reasonFor(one.name, line);
    if (reason === undefined) open.push(line);
    else reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  count.cases++;
  count.steps += one.steps.length;
  count[found.length === 0 ? 'equal' : open.length === 0 ? 'allowed' : 'different']++;
  if (open.length > 0) console.log(`${one.name}\n${open.map((line) => `  ${shown(line)}`).join('\n')}`);
}

const shown = (line: string): string => (line.length > longestLine ? `${line.slice(0, longestLine)}…` : line);

async function runHoles(): Promise<void> {
  await inParallel(holeGroups(), groupsAtOnce, async ({ prepare, cases, clean }) => {
    const chosen = cases.filter(({ name }) => wanted(name));
    if (chosen.length === 0) return;
    await runCase(prepare);
    await inParallel(chosen, casesAtOnce, runCase);
    for (const step of clean) await comparison.both(step);
  });
}

async function runCases(all: readonly Case[]): Promise<void> {
  for (const one of all) if (wanted(one.name)) await runCase(one);
}

const preparation = [
  post('/api/v1/namespaces', { metadata: { name: '{ns}' } }),
  post('/api/v1/namespaces/{ns}/serviceaccounts', { metadata: { name: 'default' } }),
];
const isRecorded = !values.holes && values.manifests === undefined;
if (!isRecorded && real === undefined) throw new Error('--holes and --manifests ask the real server: --real KUBECONFIG');
for (const step of preparation) await comparison.both(step);
await (values.holes ? runHoles() : runCases(values.manifests === undefined ? allCases() : manifestCases(values.manifests)));
for (const [reason, times] of reasons) console.log(`allowed, ${String(times)} times: ${reason}`);
console.log(
  `${String(count.cases)} cases (${String(count.steps)} requests): ${String(count.equal)} equal, ` +
    `${String(count.allowed)} with differences that are meant, ${String(count.different)} different`,
);
await comparison.both(remove('/api/v1/namespaces/{ns}'));
const finalized = { metadata: { name: '{ns}' } };
await real?.send({ method: 'PUT', path: '/api/v1/namespaces/{ns}/finalize', body: finalized }, comparison.fill);
// read again: somebody else may have recorded other cases meanwhile
if (values.record && isRecorded) writeRecorded({ ...(filters.length === 0 ? {} : readRecorded()), ...kept });
ours.close();
real?.close();
await server?.stop();
process.exit(count.different === 0 ? 0 : 1);
