/** The command line: commander parses, settings.ts checks, one file a command does the work. */
import { Command as Program, CommanderError, Option as ProgramOption } from 'commander';
import { environmentName, options, type Command, type Option, type Settings } from './options.ts';
import { terminalReporter, type Reporter } from './reporter.ts';
import { resolveSettings } from './settings.ts';
import { UsageError } from './usage-error.ts';
import { gitVersion } from './version.ts';

/** What every command gets. `signal` is aborted on Ctrl-C. */
export interface CommandContext {
  readonly settings: Settings;
  readonly reporter: Reporter;
  readonly isRoot: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

interface CommandEntry {
  readonly name: Command;
  readonly summary: string;
  readonly examples: readonly string[];
  readonly switches?: readonly (readonly [string, string])[];
  /** Words behind the command's name, as commander spells them, and their help. */
  readonly words?: readonly (readonly [string, string])[];
  run(context: CommandContext, flags: Readonly<Record<string, unknown>>, words: readonly string[]): Promise<void>;
}

const commands: readonly CommandEntry[] = [
  {
    name: 'server',
    summary: 'Run a cluster in the foreground: API server, controllers, scheduler and (unless --disable-agent) this machine as its node.',
    examples: [
      'coracle server',
      'coracle server --data-dir /tmp/second --https-listen-port 7443 --runtime sim',
      'coracle server --tls-san cluster.example.com',
    ],
    run: async (context) => (await import('./server.ts')).runServer(context),
  },
  {
    name: 'agent',
    summary: 'Run this machine as a node of a server elsewhere, in the foreground.',
    examples: ['coracle agent --server https://10.0.0.1:6443 --token-file ./token'],
    run: async (context) => (await import('./agent.ts')).runAgent(context),
  },
  {
    name: 'kubeconfig',
    summary: 'Print the admin kubeconfig of the cluster in the data folder.',
    examples: ['coracle kubeconfig', 'coracle kubeconfig --merge'],
    switches: [['--merge', 'put it into ~/.kube/config (or the first file of $KUBECONFIG) and make it current']],
    run: async (context, flags) => (await import('./kubeconfig-command.ts')).runKubeconfig(context, flags['merge'] === true),
  },
  {
    name: 'snapshot',
    summary: 'Save, list, restore and thin out snapshots of the store.',
    examples: [
      'coracle snapshot save',
      'coracle snapshot list',
      'coracle snapshot restore /var/lib/coracle/snapshots/on-demand-node-1-1767225600',
      'coracle snapshot restore ./snapshot --datastore-endpoint https://10.0.0.1:2379 --token-file ./token',
    ],
    words: [
      ['<action>', 'save, list, restore, delete or prune'],
      ['[file]', 'what to restore, or the name of what to delete'],
    ],
    run: async (context, _flags, [action = '', file]) => (await import('./snapshot-command.ts')).runSnapshot(context, action, file),
  },
  {
    name: 'reset',
    summary: 'Remove everything a cluster made on this machine: containers, network, rules and the data folder.',
    examples: ['coracle reset', 'coracle reset --data-dir /tmp/second'],
    run: async (context) => (await import('./reset.ts')).runReset(context),
  },
];

/** Runs one command line and answers the exit status: 0, 1 (failed) or 2 (wrong use). */
export async function main(argv: readonly string[]): Promise<number> {
  const program = buildProgram();
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`coracle: ${message}\n`);
    if (!(error instanceof UsageError) && error instanceof Error && process.env['CORACLE_DEBUG'] !== undefined)
      process.stderr.write(`${error.stack ?? ''}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

function buildProgram(): Program {
  const program = new Program('coracle')
    .description('Kubernetes 1.36 for one machine or a few.')
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'coracle: ')) })
    .showHelpAfterError('run coracle --help for the commands and their flags')
    .addHelpText(
      'after',
      '\nExamples:\n  coracle server\n  coracle server --data-dir /tmp/second --https-listen-port 7443\n  coracle kubeconfig --merge\n  coracle reset',
    );
  program
    .command('version')
    .description('Print the versions.')
    .action(() => {
      process.stdout.write(`coracle ${gitVersion}\nnode ${process.version}\n`);
    });
  for (const entry of commands) addCommand(program, entry);
  return program;
}

function addCommand(program: Program, entry: CommandEntry): void {
  const command = program
    .command(entry.name)
    .description(entry.summary)
    .allowExcessArguments(false)
    .showHelpAfterError(`run coracle ${entry.name} --help for its flags`)
    .addHelpText('after', `\nExamples:\n${entry.examples.map((example) => `  ${example}`).join('\n')}`);
  for (const option of options as readonly Option[]) {
    if (option.commands.includes(entry.name)) command.addOption(programOption(option));
  }
  for (const [flag, help] of entry.switches ?? []) command.option(flag, help);
  for (const [word, help] of entry.words ?? []) command.argument(word, help);
  command.action(async () => {
    const given: Record<string, unknown> = command.opts();
    const flags = Object.fromEntries(Object.entries(given).map(([key, value]) => [kebab(key), value]));
    if (given['setup'] === false) flags['no-setup'] = true;
    const isRoot = process.getuid?.() === 0;
    const settings = await resolveSettings({ command: entry.name, flags, environment: process.env, isRoot });
    const reporter = terminalReporter((text) => process.stdout.write(text));
    await entry.run({ settings, reporter, isRoot, environment: process.env }, flags, command.args);
  });
}

function programOption(option: Option): ProgramOption {
  const spelled = option.kind === 'switch' ? `--${option.flag}` : `--${option.flag} <${option.value ?? 'VALUE'}>`;
  const shownDefault =
    option.kind === 'switch' || option.default === undefined || option.default === '' ? '' : ` (default: ${String(option.default)})`;
  return new ProgramOption(spelled, `${option.help}${shownDefault} [$${environmentName(option.flag)}]`);
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
