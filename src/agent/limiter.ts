/** Lets at most `max` of the works it is given run at a time, in order of arrival; urgent ones go before all that wait. */
export type Limiter = <T>(work: () => Promise<T>, urgent?: boolean) => Promise<T>;

export function createLimiter(max: number): Limiter {
  let busy = 0;
  const waiting: (() => void)[] = [];
  const urgentWaiting: (() => void)[] = [];
  return async (work, urgent = false) => {
    if (busy >= max) await new Promise<void>((resolve) => (urgent ? urgentWaiting : waiting).push(resolve));
    else busy += 1;
    try {
      return await work();
    } finally {
      const next = urgentWaiting.shift() ?? waiting.shift();
      if (next === undefined) busy -= 1;
      else next();
    }
  };
}
