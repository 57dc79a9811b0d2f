import { CronError, parseCron } from '../api/cron.ts';
import { UsageError } from './usage-error.ts';

/** Throws {@link UsageError} for a schedule that cannot be read. */
export function checkSchedule(text: string): void {
  try {
    parseCron(text);
  } catch (error) {
    if (error instanceof CronError) throw new UsageError(`must be a cron schedule such as "0 */12 * * *": ${error.message}`);
    throw error;
  }
}
