/** Whether a text is a cron schedule. */
import { CronError, parseCron } from '../../../api/cron.ts';

/** What is wrong with it; undefined when nothing is. */
export function scheduleFault(schedule: string): string | undefined {
  try {
    parseCron(schedule);
    return undefined;
  } catch (error) {
    if (error instanceof CronError) return error.message;
    throw error;
  }
}
