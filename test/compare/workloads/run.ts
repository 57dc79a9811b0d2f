/**
 * Runs the same workloads on Coracle and on a real control plane, without nodes, and shows where what became of them differs:
 *   node test/compare/workloads/run.ts --ours KUBECONFIG [--real KUBECONFIG] [--record] [filter...]
 * The real one needs a kube-controller-manager and no scheduler, ours is a `server --disable-agent`. Without --real what was
 * recorded earlier counts; --record keeps the real one's answers for that. A filter is the beginning of scenario names. Exits with 1
 * when something differs.
 */
import { parseArgs } from 'node:util';
import { Target } from '../target.ts';
import { compareWorkloads, recordWorkloads } from './compare.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { ours: { type: 'string' }, real: { type: 'string' }, record: { type: 'boolean', default: false } },
});
if (values.ours === undefined) throw new Error('--ours KUBECONFIG is missing');
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
