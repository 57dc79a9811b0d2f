import { readFileSync } from 'node:fs';
import type { SchedulerConfig } from '../scheduler/config/config.ts';
import { readSchedulerConfig, SchedulerConfigError } from '../scheduler/config/read-config.ts';
import type { Settings } from './options.ts';
import { UsageError } from './usage-error.ts';

/** What --scheduler-config says; undefined without one. Throws {@link UsageError} with all that is wrong with it. */
export function schedulerConfigOf(settings: Pick<Settings, 'scheduler-config'>): SchedulerConfig | undefined {
  const file = settings['scheduler-config'];
  if (file === undefined) return undefined;
  try {
    return readSchedulerConfig(readFileSync(file, 'utf8'));
  } catch (error) {
    const why =
      error instanceof SchedulerConfigError
        ? error.problems.join('\n  ')
        : `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'})`;
    throw new UsageError(`--scheduler-config ${file}: ${why}`, { cause: error });
  }
}
