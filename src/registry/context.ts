/** Who asks, and what goes along with one request through engine, admission and strategies. */
export interface UserInfo {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export interface RequestContext {
  readonly user: UserInfo;
  /** Aborted when the client has gone or the request timed out. */
  readonly signal?: AbortSignal;
  /** Everything happens but the write. */
  readonly dryRun?: boolean;
  /** Missing: yes. Asked before a write is repeated whose outcome is not known: who leads by Lease may have lost it. */
  readonly mayRepeat?: () => boolean;
  /** The `fieldManager` parameter, or the user agent's first word. */
  readonly fieldManager?: string;
  /** Adds a Warning header to the answer. */
  warn(text: string): void;
}

/** The identity of Coracle's own parts; member of system:masters. */
export const systemUser = (name: string): UserInfo => ({ name: `system:${name}`, groups: ['system:masters', 'system:authenticated'] });
