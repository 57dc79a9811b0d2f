/** Command lines of the tools of this repository. */
import { parseArgs, type ParseArgsConfig } from 'node:util';

type Options = NonNullable<ParseArgsConfig['options']>;

/** What the tool was asked for. `--help` prints the help and ends the process; what there is no flag for ends it with one line and status 2. */
export function commandLine<const O extends Options>(
  help: string,
  options: O,
  { positionals = false } = {},
): ReturnType<typeof parseArgs<{ options: O; allowPositionals: boolean }>> {
  const args = process.argv.slice(2);
  const end = args.indexOf('--');
  if ((end === -1 ? args : args.slice(0, end)).includes('--help')) {
    console.log(help);
    process.exit(0);
  }
  try {
    return parseArgs({ args, options, allowPositionals: positionals });
  } catch (error) {
    return refuse((error as Error).message.split('. ', 1)[0] ?? '');
  }
}

/** The value of a flag that is a whole number. */
export function wholeNumber(flag: string, text: string): number {
  return /^\d+$/.test(text) ? Number(text) : refuse(`--${flag} ${text}: must be a whole number`);
}

/** Ends the process with this line and status 2. */
export function refuse(why: string): never {
  console.error(`${why} (--help tells what there is)`);
  process.exit(2);
}
