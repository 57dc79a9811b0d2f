import type { ProfileConfig } from './profiles.ts';
import { defaultProfile } from './profiles.ts';

/** What a KubeSchedulerConfiguration says, with defaults filled in. */
export interface SchedulerConfig {
  /** At least one; names are unique. */
  readonly profiles: readonly ProfileConfig[];
  readonly podInitialBackoffSeconds: number;
  readonly podMaxBackoffSeconds: number;
}

export const defaultConfig: SchedulerConfig = { profiles: [defaultProfile], podInitialBackoffSeconds: 1, podMaxBackoffSeconds: 10 };
