export { startScheduler } from './scheduler.ts';
export type { SchedulerOptions } from './scheduler.ts';
