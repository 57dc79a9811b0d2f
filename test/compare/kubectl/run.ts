/** Gives the same command lines to kubectl against Coracle and against the real server and compares what it prints. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandLine } from '../../support/command-line.ts';
import { startOurs } from '../ours.ts';
import { request } from '../cases/samples-request.ts';
import { allowedLines } from './allowed.ts';
import { type Command, groups } from './commands.ts';
import { kindGroups } from './kinds.ts';
import { moreGroups } from './more-commands.ts';
import { maskedOutput } from './output.ts';
import { readRecorded, type Recorded, writeRecorded } from './recorded.ts';

const help = `node test/compare/kubectl/run.ts [--real KUBECONFIG] [--record] [--verbose] [--kubectl FILE] [PART OF A GROUP'S NAME...]
  the same command lines to kubectl against Coracle and against the real server; ends with 1 when something differs that may not
  --real    the real one (default: what was recorded of it); --record keeps its answers, of all groups in one run
Example: node test/compare/kubectl/run.ts explain`;
const { values, positionals } = commandLine(
  help,
  {
    real: { type: 'string' },
    record: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
    kubectl: { type: 'string', default: join(process.env['PEERS'] ?? join(homedir(), '.cache', 'peers'), 'bin', 'kubectl') },
  },
  { positionals: true },
);

const run = Math.random().toString(36).slice(2, 7).padEnd(5, 'q');
const namespace = `kubectl-${run}`;
const folder = mkdtempSync(join(tmpdir(), 'coracle-kubectl-'));
const fill = (text: string): string => text.replaceAll('{ns}', namespace).replaceAll('{run}', run).replaceAll('{request}', request);
const limitMs = 30_000;

interface Result {
  readonly code: number;
  readonly text: string;
}

/** Single and double quotes group words; inside single ones everything is text. */
function words(line: string): string[] {
  return [...line.matchAll(/(?:[^\s'"]+|'[^']*'|"[^"]*")+/g)].map(([word]) => word.replace(/'([^']*)'|"([^"]*)"/g, '$1$2'));
}

function kubectl(kubeconfig: string, { line, input, editor }: Command, cache: string): Promise<Result> {
  const who = /--as[= ]/.test(line) ? [] : ['--as=admin', '--as-group=system:masters', '--as-uid=admin'];
  const args = ['--kubeconfig', kubeconfig, '--namespace', namespace, '--cache-dir', join(folder, cache), ...who, ...words(fill(line))];
  const env = { PATH: process.env['PATH'], HOME: folder, ...(editor === undefined ? {} : { EDITOR: editor }) };
  return new Promise((resolve) => {
    const child = execFile(values.kubectl, args, { env, timeout: limitMs, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, text: maskedOutput(`${stdout}${stderr}`, { namespace, run, server: serverOf(kubeconfig) }) });
    });
    child.stdin?.end(input === undefined ? '' : fill(input));
  });
}

const serverOf = (kubeconfig: string): string => /server: "?([^"\s}]+)/.exec(readFileSync(kubeconfig, 'utf8'))?.[1] ?? '';

/** Lines that only one of the two has, with what comes before. */
function differences(mine: string, theirs: string): string[] {
  const [left, right] = [mine.split('\n'), theirs.split('\n')];
  const at = left.findIndex((text, index) => text !== right[index]);
  if (at < 0) return left.length === right.length ? [] : [`ours ends, real goes on: ${String(right[left.length])}`];
  return [`line ${String(at + 1)}: ours ${JSON.stringify(left[at])} real ${JSON.stringify(right[at])}`];
}

const sorted = (text: string): string => text.split('\n').sort().join('\n');

const ours = await startOurs();
const earlier = values.real === undefined || values.record ? readRecorded() : {};
const kept: Recorded = {};
const count = { equal: 0, allowed: 0, different: 0 };
const reasons = new Map<string, number>();
const preparation = [`create namespace ${namespace}`, 'create serviceaccount default'].map((line): Command => ({ line }));
const both = (command: Command): Promise<readonly [Result, Result | undefined]> =>
  Promise.all([kubectl(ours.kubeconfig, command, 'ours'), values.real === undefined ? undefined : kubectl(values.real, command, 'real')]);

for (const command of preparation) await both(command);
for (const group of [...groups, ...moreGroups, ...kindGroups]) {
  if (positionals.length > 0 && !positionals.some((word) => group.name.includes(word))) continue;
  if (values.real === undefined && earlier[group.name] === undefined) {
    console.log(`${group.name}: nothing is recorded, and the real server is not to be had`);
    continue;
  }
  kept[group.name] = [];
  for (const [at, command] of group.commands.entries()) {
    const [mine, live] = await both(command);
    const theirs = live ?? earlier[group.name]?.[at];
    if (values.verbose) console.log(`$ kubectl ${command.line}\n${mine.text}\n--- real\n${theirs?.text ?? 'nothing'}`);
    if (theirs !== undefined) kept[group.name]?.push(theirs);
    const text = (result: Result): string => (command.unordered === true ? sorted(result.text) : result.text);
    if (command.quiet === true) continue;
    const found =
      theirs === undefined
        ? ['no answer is recorded']
        : [
            ...(mine.code === theirs.code ? [] : [`exit code: ours ${String(mine.code)} real ${String(theirs.code)}`]),
            ...differences(text(mine), text(theirs)),
          ];
    const open = found.filter((line) => {
      const reason = allowedLines.find((one) => one.commands.test(command.line) && one.lines.test(line))?.reason;
      if (reason !== undefined) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      return reason === undefined;
    });
    count[found.length === 0 ? 'equal' : open.length === 0 ? 'allowed' : 'different']++;
    if (open.length > 0) console.log(`${group.name}: kubectl ${command.line}\n${open.map((line) => `  ${line.slice(0, 700)}`).join('\n')}`);
  }
}
await both({ line: `delete namespace ${namespace} made-${run} --wait=false` });
if (values.real !== undefined) {
  for (const name of [namespace, `made-${run}`]) {
    const path = `/api/v1/namespaces/${name}/finalize`;
    await kubectl(values.real, { line: `replace --raw ${path} -f -`, input: JSON.stringify({ metadata: { name } }) }, 'real');
  }
}
for (const [reason, times] of reasons) console.log(`allowed, ${String(times)} times: ${reason}`);
console.log(
  `${String(count.equal)} command lines equal, ${String(count.allowed)} with differences that are meant, ${String(count.different)} different`,
);
if (values.record && values.real !== undefined) writeRecorded({ ...earlier, ...kept });
rmSync(folder, { recursive: true, force: true });
await ours.stop();
process.exit(count.different === 0 ? 0 : 1);
