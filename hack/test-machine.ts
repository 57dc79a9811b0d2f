/** Brings this machine to where the tests with containers can run: packages through apt, a dockerd that answers. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { realClock } from '../src/base/clock.ts';
import { systemCommands } from '../src/base/command.ts';
import { terminalReporter } from '../src/cmd/reporter.ts';
import { ensureDockerd } from '../src/cmd/setup/dockerd.ts';
import { installMissing, nodeNeeds } from '../src/cmd/setup/packages.ts';

const dataDir = join(import.meta.dirname, '..', '.cache', 'test-machine');
mkdirSync(dataDir, { recursive: true });
const { run } = systemCommands();
const reporter = terminalReporter((text) => process.stdout.write(text));
const needs = [
  ...nodeNeeds,
  { program: 'docker', package: 'docker.io', title: 'docker command' },
  { program: 'dig', package: 'dnsutils', title: 'dig' },
  { program: 'musl-gcc', package: 'musl-tools', title: 'the C library musl' },
  { program: 'script', package: 'bsdutils', title: 'script (a terminal for kubectl exec -t)' },
];
const problem =
  (await installMissing(needs, { run, reporter })) ??
  (await ensureDockerd({ socket: '/var/run/docker.sock', dataDir, clock: realClock, run, reporter }));
if (problem !== undefined) {
  process.stderr.write(`coracle: ${problem}\n`);
  process.exit(1);
}
