/** Runs the same workloads on Coracle and on a real control plane, without nodes, and shows where what became of them differs. */
import { commandLine, refuse } from '../../support/command-line.ts';
import { Target } from '../target.ts';
import { compareWorkloads, recordWorkloads } from './compare.ts';

const help = `node test/compare/workloads/run.ts --ours KUBECONFIG [--real KUBECONFIG] [--record] [BEGINNING OF A SCENARIO'S NAME...]
  ends with 1 when something differs
  --ours    a coracle server --disable-agent
  --real    a real one with a kube-controller-manager and no scheduler (default: what was recorded of it); --record keeps its answers
Example: node test/compare/workloads/run.ts --ours /tmp/c/kubeconfig deployments`;
const { values, positionals } = commandLine(
  help,
  { ours: { type: 'string', default: '' }, real: { type: 'string' }, record: { type: 'boolean', default: false } },
  { positionals: true },
);
if (values.ours === '') refuse('--ours KUBECONFIG is missing');
const ours = new Target(values.ours);
const real = values.real === undefined ? undefined : new Target(values.real);
const { differences, steps, snapshots } = await compareWorkloads({
  ours,
  ...(real === undefined ? {} : { real }),
  filters: positionals,
});
for (const text of differences) console.log(text);
console.log(`${String(steps)} steps, ${String(differences.length)} of them differ`);
if (values.record && real !== undefined) recordWorkloads(snapshots);
process.exit(differences.length === 0 ? 0 : 1);
