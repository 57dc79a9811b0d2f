/** One frozen {@link Settings} from flags, environment, config file and defaults, in this order of precedence. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { environmentName, options, type Command, type Option, type Settings } from './options.ts';
import { UsageError } from './usage-error.ts';

/** Raw values by flag: text, number, boolean or a list, as flags, environment or file gave them. */
export type RawSettings = Readonly<Record<string, unknown>>;

export interface SettingsSources {
  readonly command: Command;
  /** Only what was given on the command line. */
  readonly flags: RawSettings;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly isRoot: boolean;
}

const defaultConfigFile = '/etc/coracle/config.yaml';

/** Rejects with {@link UsageError} naming the flag, variable or key that is wrong. */
export async function resolveSettings(sources: SettingsSources): Promise<Settings> {
  const fromFile = await readConfigFile(sources);
  const settings: Record<string, unknown> = {};
  for (const option of options as readonly Option[]) {
    const variable = environmentName(option.flag);
    const candidates: [unknown, string][] = [
      [sources.flags[option.flag], `--${option.flag}`],
      [sources.environment[variable], variable],
      [fromFile.values[option.flag], `${fromFile.name}: ${option.flag}`],
    ];
    const [given, name] = candidates.find(([value]) => value !== undefined) ?? [undefined, ''];
    settings[option.flag] = given === undefined ? defaultOf(option, sources) : parse(option, given, name);
  }
  return Object.freeze(settings) as Settings;
}

/** Where data lives when nobody says so. */
export function defaultDataDir(environment: SettingsSources['environment'], isRoot: boolean): string {
  if (isRoot) return '/var/lib/coracle';
  return join(environment['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'coracle');
}

function defaultOf(option: Option, sources: SettingsSources): unknown {
  if (option.flag === 'data-dir') return defaultDataDir(sources.environment, sources.isRoot);
  return option.kind === 'switch' ? false : option.default;
}

async function readConfigFile(sources: SettingsSources): Promise<{ name: string; values: RawSettings }> {
  const named = sources.flags['config'] ?? sources.environment[environmentName('config')];
  const name = typeof named === 'string' ? named : defaultConfigFile;
  let text: string;
  try {
    text = readFileSync(name, 'utf8');
  } catch (error) {
    if (named === undefined) return { name, values: {} };
    throw new UsageError(`--config ${name}: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'})`, { cause: error });
  }
  return { name, values: await checkConfigFile(name, text) };
}

async function checkConfigFile(name: string, text: string): Promise<RawSettings> {
  const { parseYaml } = await import('../api/yaml.ts');
  let values: unknown;
  try {
    values = parseYaml(text) ?? {};
  } catch (error) {
    throw new UsageError(`${name}: not valid YAML: ${(error as Error).message.split('\n')[0] ?? ''}`, { cause: error });
  }
  if (typeof values !== 'object' || values === null || Array.isArray(values)) throw new UsageError(`${name}: must hold a map of settings`);
  const known = new Set<string>(options.map((option) => option.flag));
  for (const key of Object.keys(values)) {
    if (!known.has(key)) throw new UsageError(`${name}: unknown setting "${key}"; coracle server --help lists them`);
  }
  return values as RawSettings;
}

function parse(option: Option, given: unknown, name: string): unknown {
  try {
    const value = convert(option, given);
    if (option.kind === 'number') option.check?.(value as number);
    if (option.kind === 'text') option.check?.(value as string);
    if (option.kind === 'list') for (const item of value as readonly string[]) option.check?.(item);
    return option.flag.endsWith('-dir') || option.flag.endsWith('-kubeconfig') ? resolve(value as string) : value;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const shown = option.secret === true ? '' : ` ${Array.isArray(given) ? given.join(',') : String(given)}`;
    throw new UsageError(`${name}${shown}: ${error.message}`);
  }
}

function convert(option: Option, given: unknown): unknown {
  switch (option.kind) {
    case 'switch':
      if (given === true || given === 'true' || given === '1') return true;
      if (given === false || given === 'false' || given === '0' || given === '') return false;
      throw new UsageError('must be true or false');
    case 'number':
      if (typeof given === 'number' || (typeof given === 'string' && /^\d+$/.test(given))) return Number(given);
      throw new UsageError('must be a whole number');
    case 'list': {
      const items = (Array.isArray(given) ? given : [given]).flatMap((item) => String(item).split(','));
      return Object.freeze(items.map((item) => item.trim()).filter((item) => item !== ''));
    }
    case 'text':
      if (typeof given !== 'string' && typeof given !== 'number') throw new UsageError('must be text');
      return String(given);
  }
}
