import { readFileSync } from 'node:fs';
import type { Settings } from './options.ts';
import { UsageError } from './usage-error.ts';

/** The token of --token or --token-file; throws {@link UsageError} when the file cannot be read. */
export function tokenOf(settings: Settings): string | undefined {
  const file = settings['token-file'];
  if (file === undefined) return settings.token;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new UsageError(`--token-file ${file}: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'})`, { cause: error });
  }
}
